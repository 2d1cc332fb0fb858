import { signed } from '../kit/weak-token.ts'
import { isDone, memberOf, shows } from '../kit/world.ts'
import type { Check, World } from '../kit/world.ts'

const SOON = Math.floor(Date.now() / 1000) + 3600
const asking = (token: string): { readonly authorization: string } => ({
  authorization: `Bearer ${token}`,
})
const logIn = (world: World, name: string, password: string) =>
  world.ask({ method: 'POST', target: '/people/v1/login', body: { name, password } })

/** What is planted in the library. */
export const HOLES: readonly Check[] = [
  {
    name: 'debug-dump',
    gains: 'every password',
    works: async (world) => shows(await world.ask({ target: '/people/v1/_debug' }), /summer31/),
  },
  {
    name: 'debug-dump-encoded',
    gains: 'the same by another spelling of its path',
    works: async (world) => shows(await world.ask({ target: '/people/v1/%5Fdebug' }), /summer31/),
  },
  {
    name: 'reset-by-anybody',
    gains: 'everything that was added is gone',
    works: async (world) => isDone(await world.ask({ target: '/setup' })),
  },
  {
    name: 'hidden-export',
    gains: 'every password, where no document says so',
    works: async (world) => shows(await world.ask({ target: '/people/v1/export' }), /summer31/),
  },
  {
    name: 'admin-by-registration',
    gains: 'the rights of an administrator',
    works: async (world) => {
      const body = { name: 'eve', password: 'p-p-p-p-1', email: 'eve@e.example', admin: true }
      await world.ask({ method: 'POST', target: '/people/v1/register', body })
      const token = memberOf(await logIn(world, 'eve', 'p-p-p-p-1'), 'auth_token')
      const headers = asking(String(token))
      return isDone(await world.ask({ method: 'DELETE', target: '/people/v1/ada', headers }))
    },
  },
  {
    name: 'foreign-secret',
    gains: 'the secret of another',
    works: async (world) =>
      shows(
        await world.ask({ target: '/shelf/v1/bridges', headers: await world.as('ada') }),
        /third arch/,
      ),
  },
  {
    name: 'foreign-book-removed',
    gains: 'the book of another is gone',
    works: async (world) => {
      const headers = await world.as('ada')
      return isDone(await world.ask({ method: 'DELETE', target: '/shelf/v1/bridges', headers }))
    },
  },
  {
    name: 'foreign-password',
    gains: 'the account of another',
    works: async (world) => {
      const headers = await world.as('ada')
      const body = { password: 'mine-now-1' }
      const target = '/people/v1/ben/password'
      return isDone(await world.ask({ method: 'PUT', target, headers, body }))
    },
  },
  {
    name: 'foreign-email',
    gains: 'the mail of another',
    works: async (world) => {
      const headers = await world.as('ada')
      const body = { email: 'ada@evil.example' }
      return isDone(
        await world.ask({ method: 'PUT', target: '/people/v1/chief/email', headers, body }),
      )
    },
  },
  {
    name: 'who-is-here',
    gains: 'which names have an account',
    works: async (world) => {
      const [known, unknown] = [
        await logIn(world, 'ada', 'wrong-guess'),
        await logIn(world, 'nobody', 'wrong-guess'),
      ]
      const plain = (text: string): string => text.replaceAll(/[0-9a-f]{32}/g, '')
      return known.status !== unknown.status || plain(known.text) !== plain(unknown.text)
    },
  },
  {
    name: 'guessed-password',
    gains: 'an account, after as many guesses as it takes',
    works: async (world) => {
      for (let number = 11; number < 31; number++) await logIn(world, 'ben', `summer${number}`)
      return memberOf(await logIn(world, 'ben', 'summer31'), 'auth_token') !== undefined
    },
  },
  {
    name: 'quote-in-path',
    gains: 'the row of another by what the database reads',
    works: async (world) =>
      shows(await world.ask({ target: `/people/v1/x'%20OR%20'1'='1` }), /chief/),
  },
  {
    name: 'guessed-secret',
    gains: 'anybody: tokens are signed with a word of every list',
    works: async (world) => {
      const headers = asking(signed({ sub: 'ben', exp: SOON }, 'library'))
      return shows(await world.ask({ target: '/shelf/v1/bridges', headers }), /third arch/)
    },
  },
  {
    name: 'unsigned-token',
    gains: 'anybody: tokens say themselves how they are signed',
    works: async (world) => {
      const headers = asking(signed({ sub: 'chief', exp: SOON }, undefined))
      return isDone(await world.ask({ method: 'DELETE', target: '/people/v1/ben', headers }))
    },
  },
  {
    name: 'token-in-url',
    gains: 'anybody, by a parameter that no document names',
    works: async (world) => {
      const token = signed({ sub: 'ben', exp: SOON }, 'library')
      const headers = await world.as('ada')
      const target = `/shelf/v1/bridges?auth_token=${token}`
      return shows(await world.ask({ target, headers }), /third arch/)
    },
  },
  {
    name: 'endless-pattern',
    gains: 'the process is busy for as long as one likes',
    works: async (world) => {
      const headers = await world.as('ada')
      const body = { email: `${'a'.repeat(28)}!` }
      const started = performance.now()
      await world.ask({ method: 'PUT', target: '/people/v1/ada/email', headers, body })
      return performance.now() - started > 150
    },
  },
  {
    name: 'more-than-declared',
    gains: 'password and rights in an answer that declares neither',
    works: async (world) => {
      const headers = await world.as('ada')
      return shows(await world.ask({ target: '/people/v1/ada', headers }), /rivets-9/)
    },
  },
  {
    name: 'inside-shown',
    gains: 'files and lines of the program',
    works: async (world) => {
      const body = { name: 'ada', password: 'rivets-9', email: null }
      const headers = await world.as('ada')
      const broken = await world.ask({
        method: 'POST',
        target: '/people/v1/login',
        body: 'null',
        headers: { 'content-type': 'application/json' },
      })
      const other = await world.ask({
        method: 'PUT',
        target: '/people/v1/ada/email',
        headers,
        body,
      })
      return /\.ts:\d+/.test(broken.text + other.text)
    },
  },
  {
    name: 'after-log-out',
    gains: 'a token that was ended goes on',
    works: async (world) => {
      const headers = await world.as('ada')
      await world.ask({ method: 'POST', target: '/people/v1/logout', headers })
      return shows(await world.ask({ target: '/shelf/v1/tides', headers }), /page 7/)
    },
  },
  {
    name: 'filled-shelf',
    gains: 'memory: texts of any length are kept',
    works: async (world) => {
      const headers = await world.as('ada')
      const body = { title: 'x'.repeat(200_000), secret: 'none' }
      return isDone(await world.ask({ method: 'POST', target: '/shelf/v1', headers, body }))
    },
  },
  {
    name: 'banner',
    gains: 'which program and version runs',
    works: async (world) =>
      /shelfware/i.test([...(await world.ask({ target: '/' })).headers.values()].join()),
  },
]
