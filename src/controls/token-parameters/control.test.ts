import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalQuery } from '../../http/query.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { TokenRule } from '../../pipeline/field-class.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { tokenParameters } from './control.ts'

const text = { schema: { type: 'string' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: '/v1' }],
  paths: {
    '/users/{ssn}/orders/{id}': {
      parameters: [
        { name: 'ssn', in: 'path', required: true, ...text },
        { name: 'id', in: 'path', required: true, ...text },
      ],
      get: { operationId: 'getOrder', responses: { 200: { description: 'ok' } } },
    },
    '/users': {
      parameters: [
        { name: 'ssn', in: 'query', ...text },
        { name: 'note', in: 'query', ...text },
        { name: 'phone', in: 'query', ...text },
      ],
      get: { operationId: 'find', responses: { 200: { description: 'ok' } } },
      put: { operationId: 'store', responses: { 200: { description: 'ok' } } },
    },
  },
}
const SSN: TokenRule = {
  form: 'siv',
  read: ['hr'],
  open: ['billing'],
  parameters: ['path.ssn', 'find.query.ssn'],
}
const PHONE: TokenRule = { form: 'fpe', read: [], open: ['billing'], parameters: ['query.phone'] }
const bench = new Bench({
  document: DOCUMENT,
  policy: {
    data: {
      tokenize: new Map([
        ['User.ssn', SSN],
        ['User.phone', PHONE],
      ]),
    },
  },
})
const keys = bench.kit.dataKeys
const VALUE = '078-05-1120'
const TOKEN = keys.current('').tokenize(VALUE)
const OTHERS = keys.current('b').tokenize(VALUE)
const as = (...roles: readonly string[]): Principal => ({
  ...ANONYMOUS,
  id: 'a',
  kind: 'jwt',
  roles,
})

interface Sent {
  readonly reason: string | undefined
  readonly target: string
  readonly values: readonly string[]
  readonly events: readonly string[]
}

async function send(operation: string, target: string, caller: Principal): Promise<Sent> {
  const exchange = exchangeOf({ principal: caller })
  const [path = '', raw] = target.split('?')
  const query = canonicalQuery(raw)
  assert.ok(!('fault' in query))
  Object.assign(exchange, {
    path,
    query,
    pathValues: path.split('/').filter((_, at) => at === 3 || at === 5),
  })
  const refusal = await bench.guard(tokenParameters, operation).request(exchange)
  if (refusal !== undefined)
    assertRefused(refusal, refusal.denial.reason, operation === 'getOrder' ? 404 : 400)
  return {
    reason: refusal?.denial.reason,
    target: exchange.path + (exchange.query.text === '' ? '' : `?${exchange.query.text}`),
    values: [...exchange.pathValues, ...exchange.query.pairs.map(([, value]) => value)],
    events: exchange.events.map(({ reason }) => reason),
  }
}

const rows: [name: string, operation: string, target: string, caller: Principal, out: string][] = [
  [
    'opens a token in the path',
    'getOrder',
    `/v1/users/${TOKEN}/orders/7`,
    as('billing'),
    `/v1/users/${VALUE}/orders/7`,
  ],
  [
    'opens a token in the query',
    'find',
    `/v1/users?note=a+b&ssn=${TOKEN}`,
    as('billing'),
    `/v1/users?note=a+b&ssn=${VALUE}`,
  ],
  [
    'opens each of several',
    'find',
    `/v1/users?ssn=${TOKEN}&ssn=${TOKEN}`,
    as('billing'),
    `/v1/users?ssn=${VALUE}&ssn=${VALUE}`,
  ],
  [
    'refuses it in the path from others',
    'getOrder',
    `/v1/users/${TOKEN}/orders/7`,
    as('hr'),
    'path_token',
  ],
  [
    'refuses it in the query from others',
    'find',
    `/v1/users?ssn=${TOKEN}`,
    as('hr'),
    'token_refused',
  ],
  ['refuses another tenant’s', 'find', `/v1/users?ssn=${OTHERS}`, as('billing'), 'token_unknown'],
  [
    'refuses what looks like one',
    'getOrder',
    '/v1/users/tok_1_x/orders/7',
    as('billing'),
    'path_token',
  ],
  [
    'refuses a value from whoever has only tokens',
    'find',
    `/v1/users?ssn=${VALUE}`,
    as('billing'),
    'token_expected',
  ],
  [
    'refuses a value from nobody in the path',
    'getOrder',
    `/v1/users/${VALUE}/orders/7`,
    as(),
    'path_token',
  ],
  [
    'takes a value from whoever is shown values',
    'getOrder',
    `/v1/users/${VALUE}/orders/7`,
    as('hr'),
    `/v1/users/${VALUE}/orders/7`,
  ],
  [
    'opens nothing in other parameters',
    'find',
    `/v1/users?note=${TOKEN}`,
    as('billing'),
    `/v1/users?note=${TOKEN}`,
  ],
  ['asks for nothing that is not sent', 'find', '/v1/users', as(), '/v1/users'],
  [
    'takes what the role sends for a token of the same form',
    'find',
    `/v1/users?phone=${keys.current('').tokenizeForm('5551234567') ?? ''}`,
    as('billing'),
    '/v1/users?phone=5551234567',
  ],
  [
    'takes what others send for a value',
    'find',
    '/v1/users?phone=5551234567',
    as(),
    '/v1/users?phone=5551234567',
  ],
  [
    'opens nothing that leads elsewhere',
    'getOrder',
    `/v1/users/${keys.current('').tokenize('..')}/orders/7`,
    as('billing'),
    'path_token',
  ],
  [
    'nor a path',
    'getOrder',
    `/v1/users/${keys.current('').tokenize('a/b')}/orders/7`,
    as('billing'),
    'path_token',
  ],
  [
    'keeps a value with signs in one piece',
    'find',
    `/v1/users?ssn=${keys.current('').tokenize('a&note=b')}`,
    as('billing'),
    '/v1/users?ssn=a%26note%3Db',
  ],
]

suite('tokens in parameters', () => {
  for (const [name, operation, target, caller, out] of rows)
    test(name, async () => {
      const sent = await send(operation, target, caller)
      assert.equal(sent.reason ?? sent.target, out)
    })

  test('what is opened is checked as if it had been sent, and leaves an event', async () => {
    const path = await send('getOrder', `/v1/users/${TOKEN}/orders/7`, as('billing'))
    assert.deepEqual([path.values, path.events], [[VALUE, '7'], ['token_opened']])
    const query = await send('find', `/v1/users?ssn=${TOKEN}`, as('billing'))
    assert.deepEqual([query.values, query.events], [[VALUE], ['token_opened']])
  })

  test('one that is refused leaves everything as it was', async () => {
    const sent = await send('find', `/v1/users?ssn=${TOKEN}&ssn=${OTHERS}`, as('billing'))
    assert.deepEqual([sent.reason, sent.events], ['token_unknown', ['token_unknown']])
    assert.equal(sent.target, `/v1/users?ssn=${TOKEN}&ssn=${OTHERS}`)
  })

  test('has nothing to do where no token comes back', () => {
    assert.equal(bench.guard(tokenParameters, 'store').guard === undefined, false)
    const other = new Bench({
      document: DOCUMENT,
      policy: { data: { tokenize: new Map([['User.ssn', SSN]]) } },
    })
    assert.equal(other.guard(tokenParameters, 'store').guard, undefined)
    assert.equal(new Bench({ document: DOCUMENT }).guard(tokenParameters, 'find').guard, undefined)
  })

  test('no value comes back other than it went, wherever it stands', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 40 }), async (value) => {
        if (!value.isWellFormed()) return
        const token = keys.current('').tokenize(value)
        const query = await send('find', `/v1/users?ssn=${token}`, as('billing'))
        assert.deepEqual(query.values, [value])
        const path = await send('getOrder', `/v1/users/${token}/orders/7`, as('billing'))
        if (path.reason === undefined) {
          assert.equal(decodeURIComponent(path.target.split('/')[3] ?? ''), value)
          assert.equal(path.target.split('/').length, 6)
        } else assert.match(value, /^\.{1,2}$|[/\\\0-\x1f\x7f]/)
      }),
    )
  })

  test('every reason is reached', () =>
    assertEveryReason(
      tokenParameters,
      rows.map((row) => row[4]).filter((out) => !out.startsWith('/')),
    ))
})
