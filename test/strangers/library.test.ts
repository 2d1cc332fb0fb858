import { memberOf } from './kit/world.ts'
import { rehearse } from './kit/rehearse.ts'
import { HOLES } from './library/holes.ts'
import { HONEST_CALLS } from './library/honest.ts'
import { seed } from './library/people.ts'
import { startLibrary } from './library/server.ts'

rehearse({
  name: 'the library',
  folder: new URL('library/', import.meta.url),
  net: 51,
  start: startLibrary,
  holes: HOLES,
  honest: HONEST_CALLS,
  logIn: async ({ ask }, name) => {
    const body = { name, password: seed().people.get(name)?.password }
    return String(
      memberOf(await ask({ method: 'POST', target: '/people/v1/login', body }), 'auth_token'),
    )
  },
})
