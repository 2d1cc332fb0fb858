import type { Call, Reply } from '../kit/serve.ts'
import type { Shelf } from './kept.ts'

/** In every list of secrets. */
export const SECRET = 'access'

/** What the routes share. */
export interface Desk {
  /** What is kept now. */
  shelf(): Shelf
  /** An answer for whoever shows a token, signed or not, for ever good. */
  withCaller(answer: (me: string, call: Call, claims: Claims) => Reply): (call: Call) => Reply
}

type Claims = Readonly<Record<string, unknown>>
