import { memberOf } from './kit/world.ts'
import { rehearse } from './kit/rehearse.ts'
import { HOLES } from './notebook/holes.ts'
import { HONEST_CALLS } from './notebook/honest.ts'
import { seed } from './notebook/kept.ts'
import { startNotebook } from './notebook/server.ts'

rehearse({
  name: 'the notebook',
  folder: new URL('notebook/', import.meta.url),
  net: 53,
  start: startNotebook,
  holes: HOLES,
  honest: HONEST_CALLS,
  logIn: async ({ ask }, username) => {
    const body = { username, password: seed().users.get(username)?.password }
    return String(memberOf(await ask({ method: 'POST', target: '/api/v2/login', body }), 'token'))
  },
})
