import type { Call, Reply } from '../kit/serve.ts'
import type { Kept, User } from './kept.ts'

/** In every list of secrets. */
export const SECRET = 'secret'

/** What the routes share. */
export interface Desk {
  /** What is kept now. */
  kept(): Kept
  /** An answer for whoever shows a token, signed or not. */
  withCaller(answer: (me: User, call: Call) => Reply): (call: Call) => Reply
}

/** An answer as the framework words it. */
export function detail(status: number, text: string): Reply {
  return [status, { detail: text }]
}
