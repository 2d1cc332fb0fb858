import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { RequestParts } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { HeaderTable } from '../../http/header-table.ts'
import { compression } from './control.ts'

const d = { description: 'x' }
const text = { type: 'string' }
const answer = (properties: object): object => ({
  200: { ...d, content: { 'application/json': { schema: { type: 'object', properties } } } },
})
const get = (operationId: string, properties: object = { name: text }): object => ({
  get: { operationId, responses: answer(properties) },
})
const query = (name: string, schema: object): object => ({ name, in: 'query', schema })
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/items': {
      get: {
        operationId: 'items',
        parameters: [
          query('page', { type: 'integer' }),
          query('sort', { enum: ['name', 'date'] }),
          query('q', text),
        ],
        responses: answer({ name: text }),
      },
      post: {
        operationId: 'add',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: answer({ name: text }),
      },
    },
    '/items/{id}': {
      ...get('item'),
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
    },
    '/names/{name}': {
      ...get('byName'),
      parameters: [{ name: 'name', in: 'path', required: true, schema: text }],
    },
    '/login': { post: { operationId: 'logIn', security: [], responses: answer({ name: text }) } },
    '/csrf-token': get('csrf', { value: text }),
    '/keys': get('keys', { list: { type: 'array', items: { properties: { apiKey: text } } } }),
    '/pins': get('pins', { code: { type: 'string', format: 'password' } }),
    '/cards': get('cards', { number: { $ref: '#/components/schemas/Card' } }),
  },
  components: { schemas: { Card: { type: 'string', 'x-sallyport-class': 'payment' } } },
}
const LONG = `${'{"name":"a red thing"},'.repeat(60)}{"name":"guess"}`

interface Row extends RequestParts {
  readonly operation?: string
  readonly policy?: PolicyParts
  readonly response?: readonly string[]
  readonly pathValues?: readonly string[]
  /** `null`: streamed. */
  readonly sent?: string | null
  readonly asked?: unknown
}

/** Whether the answer must stay uncompressed. */
function keeps(row: Row): boolean {
  const { operation = 'items', policy = {}, response = [], pathValues = [], sent = LONG } = row
  const merged = { ...policy, data: { compress: 'on' as const } }
  const { guard } = new Bench({ document: DOCUMENT, policy: merged }).guard(compression, operation)
  const exchange = exchangeOf(row)
  exchange.pathValues = pathValues
  exchange.hasBodyValue = row.asked !== undefined
  exchange.body = row.asked
  const upstream = { status: 200, headers: new HeaderTable(response) }
  const keep = guard?.keepsUncoded?.(
    exchange,
    upstream,
    sent === null ? undefined : Buffer.from(sent),
  )
  assert.notEqual(keep, undefined)
  return keep === true
}

const MONITORED = new Map([['parameters', 'monitor']] as const)
const ORIGIN = 'https://app.example.org'
const rows: [name: string, row: Row, keep: boolean][] = [
  ['an ordinary answer may be compressed', {}, false],
  ['a streamed one may be compressed', { sent: null }, false],
  ['a cookie keeps it', { headers: ['Cookie', 'a=b'] }, true],
  ['a cookie in a stream keeps it', { headers: ['Cookie', 'a=b'], sent: null }, true],
  ['a password of the browser keeps it', { headers: ['Authorization', 'Basic YTpi'] }, true],
  ['Negotiate keeps it', { headers: ['Authorization', 'Negotiate abc'] }, true],
  ['a bearer token does not', { headers: ['Authorization', 'bearer abc'] }, false],
  ['a key in a header of its own does not', { headers: ['X-API-Key', 'abc'] }, false],
  ['a cookie that is set keeps it', { response: ['Set-Cookie', 'a=b'] }, true],
  ['a page of another site keeps it', { headers: ['Origin', ORIGIN] }, true],
  ['a page of nobody keeps it', { headers: ['Origin', 'null'] }, true],
  ['our own page does not', { headers: ['Origin', 'https://api.example.com'] }, false],
  [
    'a listed origin does not',
    {
      headers: ['Origin', ORIGIN, 'Sec-Fetch-Site', 'cross-site'],
      policy: { listen: { cors: [ORIGIN] } },
    },
    false,
  ],
  ['a picture on another site keeps it', { headers: ['Sec-Fetch-Site', 'cross-site'] }, true],
  ['a picture on a neighbor keeps it', { headers: ['Sec-Fetch-Site', 'same-site'] }, true],
  ['a picture on our page does not', { headers: ['Sec-Fetch-Site', 'same-origin'] }, false],
  ['an address typed in does not', { headers: ['Sec-Fetch-Site', 'none'] }, false],
  ['a log-in keeps it', { operation: 'logIn', method: 'POST' }, true],
  ['a path that is named like a secret keeps it', { operation: 'csrf' }, true],
  ['a declared field that is named like a secret keeps it', { operation: 'keys' }, true],
  ['a declared password keeps it', { operation: 'pins' }, true],
  ['a declared class of payment keeps it, behind a reference', { operation: 'cards' }, true],
  ['a text that comes back keeps it', { target: '/items?q=guess' }, true],
  ['a part of it that comes back keeps it', { target: '/items?q=%3Cguess%3E' }, true],
  ['a text that does not come back does not', { target: '/items?q=other' }, false],
  ['a text too short to be found does not', { target: '/items?q=red' }, false],
  ['a number does not', { target: '/items?page=1234', sent: `${LONG}1234` }, false],
  ['a word of a list does not', { target: '/items?sort=name' }, false],
  [
    'a word of a list that is not checked keeps it',
    { target: '/items?sort=name', policy: { modes: MONITORED } },
    true,
  ],
  [
    'a word of a list keeps it where requests are not validated',
    { target: '/items?sort=name', policy: { validate: { request: 'off' } } },
    true,
  ],
  ['an undeclared parameter that comes back keeps it', { target: '/items?x=guess' }, true],
  ['a text keeps a streamed answer', { target: '/items?q=other', sent: null }, true],
  ['a number does not keep a streamed one', { target: '/items?page=1234', sent: null }, false],
  ['a text keeps a large answer', { target: '/items?q=other', sent: 'x'.repeat(140_000) }, true],
  ['a number in the path does not', { operation: 'item', pathValues: ['1234'], sent: null }, false],
  [
    'a text in the path that comes back keeps it',
    { operation: 'byName', pathValues: ['guess'] },
    true,
  ],
  [
    'a text in the path keeps a streamed answer',
    { operation: 'byName', pathValues: ['other'], sent: null },
    true,
  ],
  [
    'a body that comes back keeps it',
    { operation: 'add', method: 'POST', hasBody: true, asked: { a: [{ b: 'guess' }] } },
    true,
  ],
  [
    'a body that does not come back does not',
    { operation: 'add', method: 'POST', hasBody: true, asked: { a: 'other' } },
    false,
  ],
  ['a body that nobody read keeps it', { operation: 'add', method: 'POST', hasBody: true }, true],
  [
    'a body of many values keeps it',
    { operation: 'add', method: 'POST', hasBody: true, asked: Array(101).fill(1) },
    true,
  ],
  [
    'a body of bytes keeps it',
    { operation: 'add', method: 'POST', hasBody: true, asked: { file: Buffer.from('a') } },
    true,
  ],
  [
    'a body of many words keeps it',
    {
      operation: 'add',
      method: 'POST',
      hasBody: true,
      asked: Array.from({ length: 17 }, (_, i) => `word${i}`),
    },
    true,
  ],
]

suite('compression', () => {
  for (const [name, row, keep] of rows) test(name, () => assert.equal(keeps(row), keep))

  test('has nothing to do where nothing is compressed', () => {
    const bench = new Bench({ document: DOCUMENT })
    assert.equal(bench.guard(compression, 'items').guard, undefined)
  })

  test('has nothing to do where no operation is known', () => {
    const bench = new Bench({ document: DOCUMENT, policy: { data: { compress: 'on' } } })
    assert.equal(bench.guard(compression).guard, undefined)
  })

  test('refuses nothing, and cannot be switched off', () => {
    assert.deepEqual(compression.reasons, {})
    assert.equal(compression.block, undefined)
  })

  test('every text that comes back in an answer keeps it, whatever stands around', () => {
    const word = fc.stringMatching(/^[\w-]{4,12}$/)
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (value, before, after) => {
        const sent = JSON.stringify({ name: before + value + after })
        assert.ok(keeps({ target: `/items?q=${encodeURIComponent(value)}`, sent }))
      }),
    )
  })
})
