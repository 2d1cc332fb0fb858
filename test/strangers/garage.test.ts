import { memberOf } from './kit/world.ts'
import { rehearse } from './kit/rehearse.ts'
import { HOLES } from './garage/holes.ts'
import { HONEST_CALLS } from './garage/honest.ts'
import { logIn } from './garage/log-in.ts'
import { seed } from './garage/seed.ts'
import { startGarage } from './garage/server.ts'

rehearse({
  name: 'the garage',
  folder: new URL('garage/', import.meta.url),
  net: 52,
  start: startGarage,
  holes: HOLES,
  honest: HONEST_CALLS,
  logIn: async (world, name) => {
    const password = seed().people.get(name)?.password ?? ''
    return String(memberOf(await logIn(world, name, password), 'access_token'))
  },
})
