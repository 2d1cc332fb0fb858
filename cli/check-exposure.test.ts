import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../src/controls/testing/bench.ts'
import { exposureProposals } from './check-exposure.ts'

const text = { type: 'string' }
const object = (properties: object) => ({ type: 'object', properties })

/** What is proposed for one operation. */
function proposals(
  path: string,
  operation: object,
  { sends, returns }: { sends?: object; returns?: object },
): readonly string[] {
  const content = (schema: object) => ({ content: { 'application/json': { schema } } })
  const shown = {
    ...operation,
    ...(sends === undefined ? {} : { requestBody: content(sends) }),
    responses: { 200: { description: 'ok', ...(returns === undefined ? {} : content(returns)) } },
  }
  const method = sends === undefined ? 'get' : 'post'
  const paths = { [path]: { [method]: shown } }
  const bench = new Bench({
    document: { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths },
  })
  return exposureProposals(bench.sites, { ...bench.kit, hasIssuers: false })
}

const LOG_IN = { operationId: 'login', security: [] }
const rows: [name: string, found: readonly string[], expected: string[]][] = [
  [
    'the token of a log-in is wrapped',
    proposals('/login', LOG_IN, { sends: object({}), returns: object({ auth_token: text }) }),
    ['auth: { wrap: { operation: login, field: auth_token, subject: sub } }'],
  ],
  [
    'also where it stands inside',
    proposals('/login', LOG_IN, {
      sends: object({}),
      returns: object({ token_type: text, data: object({ accessToken: text }) }),
    }),
    ['auth: { wrap: { operation: login, field: data.accessToken, subject: sub } }'],
  ],
  [
    'no token, no proposal',
    proposals('/login', LOG_IN, { sends: object({}), returns: object({ token_type: text }) }),
    [],
  ],
  [
    'tools of developers are closed',
    proposals('/users/_debug', { operationId: 'views.users.debug' }, {}),
    ['authorize: { operations: { views.users.debug: "false" } }'],
  ],
  [
    'whatever they are called',
    proposals('/createdb', { operationId: 'populate' }, {}),
    ['authorize: { operations: { populate: "false" } }'],
  ],
  ['others are left open', proposals('/environments', { operationId: 'listEnvironments' }, {}), []],
  [
    'secrets in answers are hidden',
    proposals('/users', { operationId: 'users' }, { returns: object({ name: text, cvv: text }) }),
    ['authorize: { fields: { "*.cvv": { read: [] } } }'],
  ],
  [
    'what is marked is known',
    proposals(
      '/users',
      { operationId: 'users' },
      { returns: object({ password: { ...text, 'x-sallyport-read': ['admin'] } }) },
    ),
    [],
  ],
  [
    'rights are not set by callers',
    proposals(
      '/users',
      { operationId: 'join' },
      { sends: object({ name: text, isAdmin: { type: 'boolean' } }) },
    ),
    ['authorize: { fields: { "*.isAdmin": { write: [] } } }'],
  ],
  [
    'what is read only is not set anyway',
    proposals(
      '/users',
      { operationId: 'join' },
      { sends: object({ role: { ...text, readOnly: true } }) },
    ),
    [],
  ],
]

suite('what check proposes for what is open', () => {
  for (const [name, found, expected] of rows)
    test(name, () => {
      assert.equal(found.length, expected.length, found.join('\n'))
      for (const [index, start] of expected.entries())
        assert.equal(found[index]?.slice(0, start.length), start)
    })
})
