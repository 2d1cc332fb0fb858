import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { secrets } from './control.ts'

/** Put together here, so that no file of this repository looks as if it held one. */
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0In0', 'dozjgNryP4J3jVmNHl0w5N'].join('.')
const AWS = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')
const CARD = ['4111', '1111', '1111', '1111'].join('')
const IBAN = ['DE89', '370400440532013000'].join('')

const text = { type: 'string' }
const answer = {
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          note: text,
          accessToken: text,
          iban: text,
          card: { ...text, 'x-sallyport-class': 'payment' },
          free: { type: 'object' },
          list: { type: 'array', items: text },
        },
      },
    },
    'text/plain': { schema: text },
  },
}
const responses = { 200: { description: 'ok', ...answer } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/notes': { get: { operationId: 'get', responses } },
    '/login': { post: { operationId: 'login', responses } },
  },
}
const JSON_TYPE = ['Content-Type', 'application/json']

interface Out {
  readonly text: string
  readonly detail: string | undefined
  readonly events: readonly string[]
}

async function sent(
  body: string,
  options: { operation?: string; headers?: readonly string[]; policy?: PolicyParts } = {},
): Promise<Out> {
  const { operation = 'get', headers = JSON_TYPE, policy = {} } = options
  const guard = new Bench({ document: DOCUMENT, policy }).guard(secrets, operation)
  const exchange = exchangeOf()
  assertRefused(await guard.response(exchange, 200, headers), undefined)
  if (guard.wantsResponseBody(exchange))
    assertRefused(await guard.responseBody(exchange, body), undefined)
  return {
    text: (exchange.replacement ?? body).toString(),
    detail: exchange.repaired[0]?.detail ?? exchange.observed[0]?.detail,
    events: exchange.events.map(({ name, reason }) => `${name} ${reason}`),
  }
}

const R = '[redacted]'
type Row = [
  name: string,
  body: unknown,
  left: unknown,
  detail?: string | undefined,
  operation?: string,
]
const rows: Row[] = [
  [
    'takes a key out of a declared text',
    { note: `use ${AWS}!` },
    { note: `use ${R}!` },
    'cloud-key at /note',
  ],
  [
    'takes several out',
    { note: `${AWS} ${CARD}` },
    { note: `${R} ${R}` },
    'cloud-key at /note, card at /note',
  ],
  [
    'looks into what no schema describes',
    { free: { a: [{ b: AWS }] } },
    { free: { a: [{ b: R }] } },
    'cloud-key at /free/a/*/b',
  ],
  ['looks into lists', { list: ['a', AWS] }, { list: ['a', R] }],
  ['leaves a field with a class', { card: CARD }, { card: CARD }],
  ['leaves a declared token', { accessToken: JWT }, { accessToken: JWT }],
  ['leaves no key in it', { accessToken: AWS, note: '' }, { accessToken: AWS, note: '' }],
  ['takes a token out of other fields', { note: JWT }, { note: R }],
  ['takes an undeclared token out', { free: { token: JWT } }, { free: { token: R } }],
  [
    'leaves what a log-in hands out',
    { free: { token: JWT } },
    { free: { token: JWT } },
    undefined,
    'login',
  ],
  ['takes the rest out of it', { free: { note: JWT } }, { free: { note: R } }, undefined, 'login'],
  ['leaves a declared IBAN', { iban: IBAN }, { iban: IBAN }],
  ['takes an IBAN out of other fields', { note: IBAN }, { note: R }],
  ['leaves numbers', { free: { id: Number(CARD) } }, { free: { id: Number(CARD) } }],
  ['leaves harmless answers', { note: 'a', list: ['b@c.test'] }, { note: 'a', list: ['b@c.test'] }],
]

suite('secrets', () => {
  for (const [name, body, left, detail, operation = 'get'] of rows) {
    test(name, async () => {
      const out = await sent(JSON.stringify(body), { operation })
      assert.deepEqual(JSON.parse(out.text), left)
      if (detail !== undefined) assert.equal(out.detail, detail)
    })
  }

  test('alerts', async () => {
    const { events } = await sent(JSON.stringify({ note: AWS }))
    assert.deepEqual(events, ['sp_response_leak_blocked secret'])
  })

  test('reads what is written as escapes', async () => {
    const body = String.raw`{"note":"\u0041KIAIOSFODNN7EXAMPLE"}`
    assert.equal((await sent(body)).text, `{"note":"${R}"}`)
  })

  test('keeps a member that is called as a prototype is', async () => {
    const { text } = await sent(`{"free":{"__proto__":{"a":"${AWS}"}}}`)
    assert.equal(text, `{"free":{"__proto__":{"a":"${R}"}}}`)
  })

  test('takes them out of texts, byte by byte', async () => {
    const headers = ['Content-Type', 'text/plain', 'Content-Length', '30']
    assert.equal((await sent(`ü ${AWS} ü`, { headers })).text, `ü ${R} ü`)
  })

  test('does not hold long texts, streams and pictures', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(secrets, 'get')
    for (const headers of [
      ['Content-Type', 'text/plain'],
      ['Content-Type', 'text/plain', 'Content-Length', '2000000'],
      ['Content-Type', 'text/event-stream', 'Content-Length', '5'],
      ['Content-Type', 'image/png', 'Content-Length', '5'],
    ]) {
      const exchange = exchangeOf()
      await guard.response(exchange, 200, headers)
      assert.equal(guard.wantsResponseBody(exchange), false)
      const response = exchange.upstream
      const watch = response && guard.guard?.watchesResponse?.(exchange, response)
      const isText = headers[1]?.startsWith('text/') === true
      assert.equal(watch !== undefined, isText)
      assert.equal(watch?.(Buffer.from(AWS), false), undefined)
      assert.equal(
        watch?.(Buffer.from('4111111111111111\n'), true)?.includes('4'),
        isText ? false : undefined,
      )
      assert.equal(exchange.events[0]?.detail, isText ? 'card in a stream' : undefined)
    }
  })

  test('what is called JSON and is none is a text', async () => {
    assert.equal((await sent(`{"note": ${AWS}`)).text, `{"note": ${R}`)
  })

  test('monitor changes nothing and says what it would', async () => {
    const policy = { modes: new Map([['secrets', 'monitor']] as const) }
    const out = await sent(JSON.stringify({ note: AWS }), { policy })
    assert.deepEqual([out.text.includes(AWS), out.detail], [true, 'cloud-key at /note'])
  })

  test('is off where the policy says so, and without an operation', () => {
    const bench = new Bench({ document: DOCUMENT, policy: { data: { secrets: 'off' } } })
    assert.equal(bench.guard(secrets, 'get').guard, undefined)
    assert.equal(new Bench().guard(secrets).guard, undefined)
  })

  test('every reason is reached', () => assertEveryReason(secrets, ['secret']))
})
