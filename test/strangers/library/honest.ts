import { isDone, memberOf, shows } from '../kit/world.ts'
import type { Check, World } from '../kit/world.ts'

const change = async (world: World, what: string, body: Record<string, unknown>) => {
  const headers = await world.as('ada')
  return world.ask({ method: 'PUT', target: `/people/v1/ada/${what}`, headers, body })
}

/** What clients of the library do every day. */
export const HONEST_CALLS: readonly Check[] = [
  {
    name: 'home',
    gains: 'what this is',
    works: async (world) => shows(await world.ask({ target: '/' }), /The library/),
  },
  {
    name: 'list-people',
    gains: 'who is here, without an account',
    works: async (world) => shows(await world.ask({ target: '/people/v1' }), /"name":"ben"/),
  },
  {
    name: 'look-up-somebody',
    gains: 'somebody by name, without an account',
    works: async (world) => shows(await world.ask({ target: '/people/v1/ben' }), /"name":"ben"/),
  },
  {
    name: 'join',
    gains: 'an account, and a token for it',
    works: async (world) => {
      const body = { name: 'eve', password: 'apples-44', email: 'eve@eve.example' }
      const joined = await world.ask({ method: 'POST', target: '/people/v1/register', body })
      const { email: _, ...known } = body
      const target = '/people/v1/login'
      const got = await world.ask({ method: 'POST', target, body: known })
      return shows(joined, /success/) && typeof memberOf(got, 'auth_token') === 'string'
    },
  },
  {
    name: 'list-books',
    gains: 'every book, without an account',
    works: async (world) => shows(await world.ask({ target: '/shelf/v1' }), /bridges.*ben/),
  },
  {
    name: 'own-secret',
    gains: 'a book of one’s own with its secret',
    works: async (world) =>
      shows(
        await world.ask({ target: '/shelf/v1/tides', headers: await world.as('ada') }),
        /page 7/,
      ),
  },
  {
    name: 'add-a-book',
    gains: 'a book more, and its secret',
    works: async (world) => {
      const headers = await world.as('ada')
      const body = { title: 'Knots & splices', secret: 'the bowline' }
      const added = await world.ask({ method: 'POST', target: '/shelf/v1', headers, body })
      const target = '/shelf/v1/Knots%20%26%20splices'
      return isDone(added) && shows(await world.ask({ target, headers }), /bowline/)
    },
  },
  {
    name: 'remove-own-book',
    gains: 'a book less',
    works: async (world) => {
      const headers = await world.as('ada')
      return isDone(await world.ask({ method: 'DELETE', target: '/shelf/v1/tides', headers }))
    },
  },
  {
    name: 'change-own-email',
    gains: 'another address',
    works: async (world) => isDone(await change(world, 'email', { email: 'a.b@library.example' })),
  },
  {
    name: 'change-own-password',
    gains: 'another password, good at once',
    works: async (world) => {
      await change(world, 'password', { password: 'new-rivets-10' })
      const body = { name: 'ada', password: 'new-rivets-10' }
      const got = await world.ask({ method: 'POST', target: '/people/v1/login', body })
      return typeof memberOf(got, 'auth_token') === 'string'
    },
  },
  {
    name: 'admin-deletes',
    gains: 'the administrator does what only they may',
    works: async (world) => {
      const headers = await world.as('chief')
      return isDone(await world.ask({ method: 'DELETE', target: '/people/v1/ben', headers }))
    },
  },
  {
    name: 'mistyped-password',
    gains: 'a second try is good',
    works: async (world) => {
      const logIn = (password: string) =>
        world.ask({ method: 'POST', target: '/people/v1/login', body: { name: 'ada', password } })
      await logIn('rivets-8')
      return memberOf(await logIn('rivets-9'), 'auth_token') !== undefined
    },
  },
]
