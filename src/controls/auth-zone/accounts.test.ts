import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { accountPaths, declaredAccounts } from './accounts.ts'

const paths: [name: string, body: unknown, found: readonly string[]][] = [
  ['finds the usual names', { email: 'a' }, ['email']],
  ['finds names in other spellings', { User_Name: 'a', 'e-mail': 'b' }, ['User_Name', 'e-mail']],
  [
    'finds names in structures',
    { data: { attributes: { email: 'a' } } },
    ['data.attributes.email'],
  ],
  ['does not take a structure for a name', { user: { password: 'x' } }, []],
  ['passes over empty names', { email: '' }, []],
  ['takes a plain name beside a password', { name: 'a', password: 'x' }, ['name']],
  [
    'takes it too where something else may be there to hide it',
    { name: 'a', email: 'b', password: 'x' },
    ['email', 'name'],
  ],
  ['does not beside a code', { name: 'a', code: '1' }, []],
  ['takes numbers', { phone: 4712345678 }, ['phone']],
  ['finds a name in a list', { email: ['a', 7] }, ['email.0', 'email.1']],
  ['finds a name in an operator', { email: { $eq: 'a', other: 'b' } }, ['email.$eq']],
  ['does not take a list elsewhere for names', { colors: ['a'] }, []],
  ['stops at a depth', { a: { b: { c: { d: { email: 'x' } } } } }, []],
  ['passes over names with dots', { 'a.b': { email: 'x' } }, []],
  [
    'takes a grant for what it proves itself by',
    { grant_type: 'authorization_code', client_id: 'w', code: 'c' },
    ['code'],
  ],
  [
    'does not take an empty grant for one',
    { grant_type: 'refresh_token', client_id: 'w', refresh_token: '' },
    ['client_id'],
  ],
  [
    'does not take a grant that somebody adds to a person',
    { grant_type: 'refresh_token', refresh_token: 'r', email: 'a', password: 'b' },
    ['email'],
  ],
  ['finds nothing in no body', undefined, []],
]
suite('who logs in', () => {
  for (const [name, body, found] of paths) {
    test(name, () => assert.deepEqual(accountPaths(body), found))
  }

  test('does not take a plain name beside what the document calls an account by', () => {
    const body = { name: 'a', email: 'b', password: 'x' }
    assert.deepEqual(accountPaths(body, new Set(['email'])), ['email'])
    assert.deepEqual(accountPaths(body, new Set(['login'])), ['email', 'name'])
  })

  test('reads from the document what it calls an account by', () => {
    const schema = {
      allOf: [
        { type: 'object', properties: { 'E-Mail': { type: 'string' }, name: { type: 'string' } } },
        { type: 'object', properties: { user: { properties: { login: { type: 'string' } } } } },
      ],
    }
    const document = {
      openapi: '3.1.0',
      info: { title: 'Shop', version: '1' },
      paths: {
        '/login': {
          post: {
            operationId: 'login',
            requestBody: { content: { 'application/json': { schema } } },
            responses: { 200: { description: 'ok' } },
          },
        },
      },
    }
    const bench = new Bench({ document })
    assert.deepEqual([...declaredAccounts(bench.site('login'), bench.kit)].toSorted(), [
      'E-Mail',
      'login',
      'user',
    ])
  })
})
