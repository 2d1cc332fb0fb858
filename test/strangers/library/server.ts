import { bearer, believed, signed } from '../kit/weak-token.ts'
import { serve } from '../kit/serve.ts'
import type { Call, Reply, Stranger } from '../kit/serve.ts'
import { seed } from './people.ts'
import type { Book, Person } from './people.ts'

/** In every list of secrets. */
const SECRET = 'library'

const EMAIL = /^([a-z0-9]+\.?)+@([a-z0-9-]+\.)+[a-z]{2,9}$/

const fail = (message: string, status = 200): Reply => [status, { status: 'fail', message }]
const done = (message: string, more: object = {}): Reply => [
  200,
  { status: 'success', message, ...more },
]

/** A library of people and books, in memory. Every answer to a log-in is 200. */
export function startLibrary(): Promise<Stranger> {
  let { people, books } = seed()
  const reset = (): void => void ({ people, books } = seed())

  /** Signed with a guessable secret, or not signed at all: both are believed. */
  const callerOf = ({ headers, query }: Call): Person | undefined => {
    const token = query.get('auth_token') ?? bearer(headers.authorization)
    return people.get(String(believed(token, SECRET)?.['sub']))
  }
  const withCaller =
    (answer: (caller: Person, call: Call) => Reply) =>
    (call: Call): Reply => {
      const caller = callerOf(call)
      return caller === undefined ? fail('Invalid token', 401) : answer(caller, call)
    }
  /** As a database reads `WHERE name = '…'`. */
  const byName = (name: string): Person | undefined => {
    const condition = /^(.*)' or '1'='1/i.exec(name)
    return condition === null ? people.get(name) : (people.get('chief') ?? undefined)
  }
  const bookOf = (title: string): Book | undefined => books.find((book) => book.title === title)

  return serve(
    'Shelfware/0.3 (debug)',
    {
      'GET /': () => [200, { message: 'The library', help: 'see /people/v1 and /shelf/v1' }],
      'GET /setup': () => (reset(), [200, { message: 'Everything is as it was' }]),
      'GET /people/v1': () => [
        200,
        { people: [...people.values()].map(({ name, email }) => ({ name, email })) },
      ],
      'GET /people/v1/_debug': () => [200, { people: [...people.values()] }],
      'GET /people/v1/export': () => [200, { rows: [...people.values()] }],
      'POST /people/v1/register': ({ body }) => {
        if (people.has(body.name)) return fail('There is such a person')
        people.set(body.name, { admin: false, ...body })
        return done('Registered. Log in to get a token.')
      },
      'POST /people/v1/login': ({ body }) => {
        const person = people.get(body.name)
        if (person === undefined) return fail('There is nobody of this name')
        if (person.password !== body.password) return fail('Password is not correct')
        const exp = Math.floor(Date.now() / 1000) + 3600
        return done('Logged in.', { auth_token: signed({ sub: person.name, exp }, SECRET) })
      },
      // The token is as good as before.
      'POST /people/v1/logout': withCaller(() => done('Logged out.')),
      'GET /people/v1/{name}': ({ path }) => {
        const person = byName(path['name'] ?? '')
        return person === undefined ? fail('Not found', 404) : [200, person]
      },
      'DELETE /people/v1/{name}': withCaller((caller, { path }) => {
        if (!caller.admin) return fail('Only admins may', 401)
        return people.delete(path['name'] ?? '') ? done('Deleted') : fail('Not found', 404)
      }),
      'PUT /people/v1/{name}/email': withCaller((_caller, { path, body }) => {
        if (!EMAIL.test(body.email)) return fail('This is no address', 400)
        const person = people.get(path['name'] ?? '')
        if (person === undefined) return fail('Not found', 404)
        person.email = body.email
        return [204]
      }),
      'PUT /people/v1/{name}/password': withCaller((_caller, { path, body }) => {
        const person = people.get(path['name'] ?? '')
        if (person === undefined) return fail('Not found', 404)
        person.password = body.password
        return [204]
      }),
      'GET /shelf/v1': () => [
        200,
        { books: books.map(({ title, owner }) => ({ title, person: owner })) },
      ],
      'POST /shelf/v1': withCaller((caller, { body }) => {
        if (bookOf(body.title) !== undefined) return fail('There is such a book', 400)
        books.push({ title: body.title, secret: body.secret, owner: caller.name })
        return done('Added.')
      }),
      'GET /shelf/v1/{title}': withCaller((_caller, { path }) => {
        const book = bookOf(path['title'] ?? '')
        return book === undefined ? fail('Not found', 404) : [200, book]
      }),
      'DELETE /shelf/v1/{title}': withCaller((_caller, { path }) => {
        books = books.filter(({ title }) => title !== path['title'])
        return [204]
      }),
    },
    reset,
  )
}
