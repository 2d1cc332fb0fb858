import type { Call, Reply } from '../kit/serve.ts'
import type { Garage, Person } from './seed.ts'

/** In every list of secrets. */
export const SECRET = 'garage123'

/** What the routes share. */
export interface Desk {
  /** As it is now. */
  readonly now: () => Garage
  /** Answers with who calls, or 401. */
  readonly withCaller: (
    answer: (caller: Person, call: Call) => Reply | Promise<Reply>,
  ) => (call: Call) => Reply | Promise<Reply>
}
