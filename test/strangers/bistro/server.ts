import { anyOrigin, serve } from '../kit/serve.ts'
import type { Reply, Stranger } from '../kit/serve.ts'
import { STATE_PATH } from '../kit/table.ts'
import { bearer, believed } from '../kit/weak-token.ts'
import { accountRoutes } from './accounts.ts'
import { detail, SECRET } from './desk.ts'
import type { Desk } from './desk.ts'
import { seed } from './kept.ts'
import { orderRoutes } from './orders.ts'
import { staffRoutes } from './staff.ts'

/** A restaurant, in memory: roles are kept to itself, errands are run for whoever asks; all of it played. */
export function startBistro(): Promise<Stranger> {
  let kept = seed()
  const desk: Desk = {
    kept: () => kept,
    withCaller: (answer) => (call) => {
      const name = believed(bearer(call.headers.authorization), SECRET)?.['sub']
      const me = kept.users.find(({ username }) => username === name)
      return me === undefined ? detail(401, 'Could not validate credentials') : answer(me, call)
    },
  }
  const routes = {
    [`GET ${STATE_PATH}`]: (): Reply => [200, kept],
    ...anyOrigin({ ...accountRoutes(desk), ...staffRoutes(desk), ...orderRoutes(desk) }),
  }
  return serve('Python 3.10, FastAPI ^0.103.0', routes, () => {
    kept = seed()
  })
}
