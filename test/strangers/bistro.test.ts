import { HOLES } from './bistro/holes.ts'
import { HONEST_CALLS } from './bistro/honest.ts'
import { startBistro } from './bistro/server.ts'
import { rehearse } from './kit/rehearse.ts'
import { memberOf } from './kit/world.ts'

rehearse({
  name: 'the bistro',
  folder: new URL('bistro/', import.meta.url),
  net: 54,
  start: startBistro,
  holes: HOLES,
  honest: HONEST_CALLS,
  logIn: async ({ ask }, username) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ username, password: `${username}-pass` }).toString()
    const got = await ask({ method: 'POST', target: '/token', headers, body })
    return String(memberOf(got, 'access_token'))
  },
})
