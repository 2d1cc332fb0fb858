import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { responses } from './control.ts'

const ORDER = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'integer' },
    owner: { type: 'object', properties: { name: { type: 'string' } } },
    lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } },
    pin: { type: 'string', writeOnly: true },
  },
}
const json = (schema: object): object => ({ content: { 'application/json': { schema } } })
const as = (type: string, schema?: object): object => ({
  content: { [type]: schema === undefined ? {} : { schema } },
})
const PROBLEM = { type: 'object', required: ['error'], properties: { error: { type: 'string' } } }
const d = { description: 'x' }
function get(operationId: string, responsesOf: object): object {
  return { get: { operationId, responses: responsesOf } }
}
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/order': get('order', {
      200: { ...d, ...json(ORDER) },
      201: d,
      204: d,
      303: d,
      400: { ...d, ...json(PROBLEM) },
      404: d,
    }),
    '/ranges': get('ranges', {
      '2XX': { ...d, ...as('*/*', ORDER) },
      '4XX': { ...d, ...as('application/*', PROBLEM) },
      500: { ...d, ...json(PROBLEM) },
    }),
    '/fallback': get('fallback', {
      200: { ...d, ...json(ORDER) },
      default: { ...d, ...json(PROBLEM) },
    }),
    '/file': get('file', { 200: { ...d, ...as('application/pdf') } }),
    '/mixed': get('mixed', {
      200: {
        ...d,
        content: { 'application/xml': {}, 'application/vnd.shop+json': { schema: ORDER } },
      },
    }),
    '/texts': get('texts', { 200: { ...d, ...as('*/*', { type: 'string' }) } }),
    '/socket': get('socket', { 101: d }),
  },
}

const JSON_TYPE = 'application/json'
const GOOD = '{"id":1}'

interface Answer {
  readonly operation?: string
  readonly method?: string
  readonly status?: number
  readonly type?: string | null
  readonly body?: string
  readonly headers?: readonly string[]
  readonly policy?: PolicyParts
}

interface Judged {
  readonly reason: string | undefined
  readonly status: number | undefined
  readonly headers: readonly string[]
  /** What goes out in place of the API's body. */
  readonly repaired: string | undefined
  readonly isHeld: boolean
  readonly exchange: Exchange
}

async function judged(answer: Answer): Promise<Judged> {
  const { operation = 'order', status = 200, type = JSON_TYPE, body = GOOD } = answer
  const guard = new Bench({ document: DOCUMENT, policy: answer.policy ?? {} }).guard(
    responses,
    operation,
  )
  const exchange = exchangeOf({ method: answer.method ?? 'GET' })
  const length = body === '' ? ['Content-Length', '0'] : []
  const fields = [
    ...(type === null ? [] : ['Content-Type', type]),
    ...length,
    ...(answer.headers ?? []),
  ]
  const early = await guard.response(exchange, status, fields)
  const isHeld = early === undefined && guard.wantsResponseBody(exchange)
  const isEmptied = exchange.replacement !== undefined
  const refusal =
    early ?? (isHeld && !isEmptied ? await guard.responseBody(exchange, body) : undefined)
  return {
    reason: refusal?.denial.reason ?? exchange.repaired[0]?.reason,
    status: refusal?.denial.status ?? refusal?.spec.status,
    headers: refusal?.denial.headers ?? [],
    repaired: exchange.replacement?.toString(),
    isHeld,
    exchange,
  }
}

type Row = [name: string, answer: Answer, reason: string | undefined, status?: number]

const statuses: Row[] = [
  ['lets a declared answer pass', {}, undefined],
  ['lets a declared answer without body pass', { status: 201, type: null, body: '' }, undefined],
  ['lets 204 pass', { status: 204, type: null, body: '' }, undefined],
  ['lets 304 pass although nobody declares it', { status: 304, type: null, body: '' }, undefined],
  ['lets a declared redirect pass', { status: 303, type: null, body: '' }, undefined],
  ['lets a switch of protocols pass', { operation: 'socket', status: 101, type: null }, undefined],
  ['lets HEAD pass by its status', { method: 'HEAD', type: 'text/html' }, undefined],
  ['lets a declared error pass', { status: 400, body: '{"error":"no"}' }, undefined],
  ['finds a class of statuses', { operation: 'ranges', status: 202 }, undefined],
  ['finds the default', { operation: 'fallback', status: 418, body: '{"error":"tea"}' }, undefined],
  ['refuses an undeclared success', { status: 202 }, 'undeclared_status', 502],
  [
    'refuses an undeclared redirect',
    { status: 302, type: null, body: '' },
    'undeclared_status',
    502,
  ],
  [
    'refuses an undeclared success of HEAD',
    { method: 'HEAD', status: 202 },
    'undeclared_status',
    502,
  ],
  ['keeps an undeclared error, with a text of ours', { status: 409 }, 'undeclared_error', 409],
  ['leaves failures to the control that replaces them', { status: 500 }, undefined],
  [
    'refuses an undeclared failure where nobody replaces it',
    { status: 500, policy: { data: { errors: 'pass' } } },
    'undeclared_status',
    502,
  ],
  [
    'lets a declared failure pass where failures may',
    {
      operation: 'ranges',
      status: 500,
      body: '{"error":"x"}',
      policy: { data: { errors: 'pass' } },
    },
    undefined,
  ],
]

const bodies: Row[] = [
  [
    'lets a declared type with parameters pass',
    { type: 'application/json; charset=utf-8' },
    undefined,
  ],
  ['refuses an undeclared type', { type: 'text/html' }, 'undeclared_media_type', 502],
  ['refuses a malformed type', { type: 'json' }, 'undeclared_media_type', 502],
  ['refuses JSON of another kind', { type: 'application/hal+json' }, 'undeclared_media_type', 502],
  [
    'keeps an error of an undeclared type, with a text of ours',
    { status: 400, type: 'text/html' },
    'undeclared_error',
    400,
  ],
  ['takes an answer without type for the JSON it should be', { type: null }, undefined],
  [
    'refuses an answer without type that is none',
    { type: null, body: 'hello' },
    'malformed_answer',
    502,
  ],
  ['lets an empty answer without type pass', { type: null, body: '' }, undefined],
  [
    'refuses a missing type where none is JSON',
    { operation: 'file', type: null },
    'undeclared_media_type',
    502,
  ],
  ['lets a download pass', { operation: 'file', type: 'application/pdf', body: '%PDF' }, undefined],
  [
    'lets another declared type pass',
    { operation: 'mixed', type: 'application/xml', body: '<a/>' },
    undefined,
  ],
  ['refuses broken JSON', { body: '{"id":1' }, 'malformed_answer', 502],
  [
    'keeps an error that is broken JSON, with a text of ours',
    { status: 400, body: '{"error":' },
    'undeclared_error',
    400,
  ],
  ['lets JSON with a byte order mark pass', { body: `\uFEFF${GOOD}` }, undefined],
  ['lets an empty JSON answer pass', { body: '' }, undefined],
  [
    'lets a range take what is no JSON',
    { operation: 'ranges', type: 'text/csv', body: 'a,b' },
    undefined,
  ],
  [
    'refuses what calls itself JSON and is none, also under a range',
    { operation: 'ranges', body: '{"id":1,"ssn":"x"}\nWarning: y' },
    'malformed_answer',
    502,
  ],
  [
    'lets a range take a text that calls itself JSON where a text is declared',
    { operation: 'texts', body: 'done' },
    undefined,
  ],
  [
    'lets a range take an answer without type that is no JSON',
    { operation: 'ranges', type: null, body: 'a,b' },
    undefined,
  ],
  [
    'keeps an error that is not what is declared, with a text of ours',
    { status: 400, body: '{"stack":"x"}' },
    'undeclared_error',
    400,
  ],
  [
    'leaves out a body where the document declares none',
    { status: 404, body: '{"error":"x"}' },
    'undeclared_body',
  ],
  ['leaves out a body of a declared 201 without content', { status: 201 }, 'undeclared_body'],
]

/** What the client gets of a body; the same text: not a byte changed. */
const filters: [name: string, answer: Answer, sent: string][] = [
  ['leaves a declared body as it is, spaces and all', { body: '{ "id" : 1.0 }' }, '{ "id" : 1.0 }'],
  ['drops a field', { body: '{"id":1,"passwordHash":"x"}' }, '{"id":1}'],
  [
    'drops a nested field',
    { body: '{"id":1,"owner":{"name":"a","ssn":"x"}}' },
    '{"id":1,"owner":{"name":"a"}}',
  ],
  [
    'drops a field in each item',
    { body: '{"id":1,"lines":[{"sku":"a","cost":1},{"cost":2}]}' },
    '{"id":1,"lines":[{"sku":"a"},{}]}',
  ],
  ['drops what is only written', { body: '{"id":1,"pin":"1234"}' }, '{"id":1}'],
  [
    'keeps numbers as they are written',
    { body: '{"id":12345678901234567890,"x":1}' },
    '{"id":12345678901234567890}',
  ],
  [
    'writes a text anew that names a member twice, as only the last was looked at',
    { body: '{"id":1,"owner":{"ssn":"x"},"owner":{"name":"a"}}' },
    '{"id":1,"owner":{"name":"a"}}',
  ],
  [
    'drops a member whose name is written with escapes',
    { body: '{"id":1,"p\\u0069n":"1234","pass\\u0077ordHash":"x"}' },
    '{"id":1}',
  ],
  [
    'keeps every byte of what stays',
    { body: '{ "x": [1, {}], "id" : 1.0,\n  "owner": { "name": "\\u00e9\\/" } }' },
    '{  "id" : 1.0,\n  "owner": { "name": "\\u00e9\\/" } }',
  ],
  ['drops a member called __proto__', { body: '{"id":1,"__proto__":{"a":1}}' }, '{"id":1}'],
  ['does not refuse a type that is wrong', { body: '{"id":"one"}' }, '{"id":"one"}'],
  ['filters under a range', { operation: 'ranges', body: '{"id":1,"x":1}' }, '{"id":1}'],
  [
    'filters JSON under a range that its server calls a text',
    { operation: 'ranges', type: 'text/plain; charset=utf-8', body: '{"id":1,"x":1}' },
    '{"id":1}',
  ],
  [
    'filters JSON under a range that its server calls bytes',
    { operation: 'ranges', type: 'application/octet-stream', body: '{"id":1,"x":1}' },
    '{"id":1}',
  ],
  [
    'lets bytes under a range pass that are none',
    { operation: 'ranges', type: 'application/octet-stream', body: '%PDF' },
    '%PDF',
  ],
  [
    'lets a text under a range pass',
    { operation: 'ranges', type: 'text/html', body: '<p>' },
    '<p>',
  ],
  [
    'leaves JSON in a text alone where a text is declared',
    { operation: 'texts', type: 'text/plain', body: '{"id":1,"x":1}' },
    '{"id":1,"x":1}',
  ],
  [
    'filters under a range without type',
    { operation: 'ranges', type: null, body: '{"id":1,"x":1}' },
    '{"id":1}',
  ],
  [
    'filters JSON of a kind',
    { operation: 'mixed', type: 'application/vnd.shop+json', body: '{"id":1,"x":1}' },
    '{"id":1}',
  ],
  [
    'filters a declared error',
    { status: 400, body: '{"error":"no","stack":"x"}' },
    '{"error":"no"}',
  ],
  ['filters behind a byte order mark', { body: '\uFEFF{"id":1,"x":1}' }, '{"id":1}'],
]

suite('responses', () => {
  for (const [name, answer, reason, status] of [...statuses, ...bodies]) {
    test(name, async () => {
      const found = await judged(answer)
      assert.equal(found.reason, reason)
      assert.equal(found.status, status)
      if (reason === 'undeclared_body') assert.equal(found.repaired, '')
    })
  }

  for (const [name, answer, sent] of filters) {
    test(name, async () => {
      const { repaired, reason } = await judged(answer)
      assert.equal(repaired ?? answer.body, sent)
      assert.equal(reason, sent === answer.body ? undefined : 'undeclared_field')
    })
  }

  test('a part of a filtered answer does not get around the filter', async () => {
    const part = '"passwordHash":"x"}'
    assert.equal((await judged({ status: 206, body: part })).status, 502)
    assert.equal((await judged({ status: 206, body: '{"id":1,"x":1}' })).repaired, '{"id":1}')
    const ranges = { operation: 'ranges', status: 206, body: part }
    assert.equal((await judged(ranges)).status, 502)
    assert.equal((await judged({ ...ranges, type: null })).status, 502)
  })

  test('judges what the guards before it left', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(responses, 'order')
    const exchange = exchangeOf()
    await guard.response(exchange, 200, ['Content-Type', JSON_TYPE])
    exchange.replacement = Buffer.from('{"id":2,"x":1}')
    await guard.responseBody(exchange, '{"id":1}')
    assert.equal(exchange.replacement.toString(), '{"id":2}')
  })

  test('a text of ours keeps what a client needs to know', async () => {
    const busy = await judged({ status: 429, headers: ['Retry-After', '30'] })
    assert.equal(valueOf(busy.headers, 'Retry-After'), '30')
    const method = await judged({ status: 405, headers: ['Allow', 'GET, HEAD'] })
    assert.equal(valueOf(method.headers, 'Allow'), 'GET, HEAD')
    const odd = await judged({ status: 429, headers: ['Retry-After', '<script>'] })
    assert.deepEqual(odd.headers, [])
  })

  const held: [name: string, answer: Answer, isHeld: boolean][] = [
    ['holds JSON with a schema', {}, true],
    ['lets a download stream', { operation: 'file', type: 'application/pdf' }, false],
    ['lets a range stream what is no JSON', { operation: 'ranges', type: 'video/mp4' }, false],
    ['lets XML stream beside JSON', { operation: 'mixed', type: 'application/xml' }, false],
  ]
  for (const [name, answer, isHeld] of held) {
    test(name, async () => assert.equal((await judged(answer)).isHeld, isHeld))
  }

  const strict: PolicyParts = { validate: { response: 'strict' } }
  const strictly: Row[] = [
    [
      'in strict mode a member named twice refuses',
      { policy: strict, body: '{"id":1,"owner":{"ssn":"x"},"owner":{"name":"a"}}' },
      'malformed_answer',
      502,
    ],
    ['in strict mode a right answer passes', { policy: strict }, undefined],
    [
      'in strict mode an undeclared field refuses',
      { policy: strict, body: '{"id":1,"x":1}' },
      'undeclared_field',
      502,
    ],
    [
      'in strict mode a wrong type refuses',
      { policy: strict, body: '{"id":"one"}' },
      'schema_mismatch',
      502,
    ],
    [
      'in strict mode a missing field refuses',
      { policy: strict, body: '{}' },
      'schema_mismatch',
      502,
    ],
    ['in strict mode broken JSON refuses', { policy: strict, body: '{' }, 'malformed_answer', 502],
  ]
  for (const [name, answer, reason, status] of strictly) {
    test(name, async () => {
      const found = await judged(answer)
      assert.equal(found.reason, reason)
      assert.equal(found.status, status)
    })
  }

  test('in monitor no byte changes, and what would have happened is noted', async () => {
    const policy: PolicyParts = { modes: new Map([['responses', 'monitor']]) }
    const found = await judged({ policy, body: '{"id":1,"x":1}' })
    assert.equal(found.repaired, undefined)
    assert.equal(found.exchange.observed[0]?.reason, 'undeclared_field')
    const emptied = await judged({ policy, status: 404 })
    assert.equal(emptied.repaired, undefined)
  })

  test('while adopting no byte changes, and bodies without schema are looked at', async () => {
    const policy: PolicyParts = { adopt: { untilMs: 1 } }
    const small = { policy, status: 202, headers: ['Content-Length', '8'] }
    const found = await judged(small)
    assert.equal(found.reason, undefined)
    assert.equal(found.exchange.observed[0]?.reason, 'undeclared_status')
    assert.ok(found.isHeld)
    assert.equal((await judged({ policy, body: '{"id":1,"x":1}' })).repaired, undefined)
  })

  test('is off where responses are not looked at, and has nothing to do without an operation', async () => {
    const policy: PolicyParts = { validate: { response: 'off' } }
    assert.equal(
      new Bench({ document: DOCUMENT, policy }).guard(responses, 'order').guard,
      undefined,
    )
    assert.equal(new Bench().guard(responses).guard, undefined)
  })

  test('a big answer is filtered in time', async () => {
    const items = Array.from({ length: 20_000 }, (_, index) => ({ sku: `s${index}`, cost: index }))
    const startedAt = performance.now()
    const { repaired } = await judged({ body: JSON.stringify({ id: 1, lines: items }) })
    assert.ok(!(repaired ?? 'cost').includes('cost'))
    assert.ok(performance.now() - startedAt < 2000)
  })

  test('every reason is reached', () => {
    const reached = [...statuses, ...bodies, ...strictly].map((row) => row[2])
    assertEveryReason(responses, [...reached, 'undeclared_field'])
  })
})
