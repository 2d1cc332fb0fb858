import { bearer, believed } from '../kit/weak-token.ts'
import { STATE_PATH } from '../kit/table.ts'
import { anyOrigin, serve } from '../kit/serve.ts'
import type { Reply, Stranger } from '../kit/serve.ts'
import { fileRoutes } from './files.ts'
import { SECRET } from './desk.ts'
import type { Desk } from './desk.ts'
import { seed } from './kept.ts'
import { noteRoutes } from './notes.ts'
import { peopleRoutes } from './people.ts'

/** Notes, passphrases and files, in memory: everything that its users send is believed; interpreters are played. */
export function startNotebook(): Promise<Stranger> {
  let shelf = seed()
  const desk: Desk = {
    shelf: () => shelf,
    withCaller: (answer) => (call) => {
      const claims = believed(bearer(call.headers.authorization), SECRET)
      if (claims === undefined) return [401, { error: 'Authentication error. Token required.' }]
      return answer(String(claims['user']), call, claims)
    },
  }
  const routes = { ...peopleRoutes(desk), ...noteRoutes(desk), ...fileRoutes(desk) }
  const state = (): Reply => {
    const { users, files, ...rest } = shelf
    return [200, { ...rest, users: [...users.values()], files: [...files.keys()] }]
  }
  return serve('Express', { [`GET ${STATE_PATH}`]: state, ...anyOrigin(routes) }, () => {
    shelf = seed()
  })
}
