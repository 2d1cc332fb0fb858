import { bearer, believed } from '../kit/weak-token.ts'
import { serve } from '../kit/serve.ts'
import type { Call, Stranger } from '../kit/serve.ts'
import { accountRoutes } from './account.ts'
import { SECRET } from './desk.ts'
import type { Desk } from './desk.ts'
import { seed } from './seed.ts'
import type { Person } from './seed.ts'
import { shopRoutes } from './shop.ts'
import { workRoutes } from './work.ts'

/** A garage with customers, mechanics, a shop and a board, in memory. */
export function startGarage(): Promise<Stranger> {
  let garage = seed()
  const callerOf = ({ headers }: Call): Person | undefined =>
    garage.people.get(String(believed(bearer(headers.authorization), SECRET)?.['sub']))
  const desk: Desk = {
    now: () => garage,
    withCaller: (answer) => (call) => {
      const caller = callerOf(call)
      return caller === undefined ? [401, { detail: 'Not authenticated' }] : answer(caller, call)
    },
  }
  const reset = (): void => void (garage = seed())
  const routes = { ...accountRoutes(desk), ...shopRoutes(desk), ...workRoutes(desk) }
  return serve('uvicorn-ish/0.9', routes, reset)
}
