import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange } from '../../pipeline/exchange.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { body } from './control.ts'

const text = { type: 'string' }
const ORDER = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 10 },
    size: { enum: ['s', 'm'] },
    amount: { type: 'integer' },
    id: { type: 'integer', readOnly: true },
    lines: { type: 'array', items: { type: 'object', properties: { sku: text } } },
    address: {
      oneOf: [
        { type: 'object', required: ['street'], properties: { street: text } },
        { type: 'null' },
      ],
    },
    tags: { type: 'object', additionalProperties: text },
    photo: text,
  },
}
const ok = { 200: { description: 'ok' } }
function post(operationId: string, content: object | undefined, more: object = {}): object {
  const { required = true, responses = ok } = more as { required?: boolean; responses?: object }
  const requestBody = content === undefined ? {} : { requestBody: { required, content } }
  return { post: { operationId, ...requestBody, responses } }
}
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/order': post('order', { 'application/json': { schema: ORDER } }),
    '/optional': post('optional', { 'application/json': { schema: ORDER } }, { required: false }),
    '/old': post(
      'old',
      { 'application/json': { schema: ORDER } },
      { responses: { ...ok, 400: { description: 'no' } } },
    ),
    '/both': post(
      'both',
      { 'application/json': { schema: ORDER } },
      { responses: { ...ok, 400: { description: 'no' }, 422: { description: 'no' } } },
    ),
    '/none': post('none', undefined),
    '/form': post('form', { 'application/x-www-form-urlencoded': { schema: ORDER } }),
    '/upload': post('upload', { 'multipart/form-data': { schema: ORDER } }),
    '/any': post('any', { '*/*': { schema: ORDER } }),
    '/bare': post('bare', { 'application/json': {} }),
    '/hal': post('hal', { 'application/*+json': { schema: ORDER } }),
    '/xml': post('xml', { 'application/xml': { schema: ORDER }, 'image/*': {} }),
    '/xml-optional': post('xmlOptional', { 'text/xml': {} }, { required: false }),
    '/mixed': post('mixed', {
      'application/json': { schema: ORDER },
      'application/octet-stream': {},
    }),
    '/text': post('text', { 'text/plain': { schema: { type: 'string', maxLength: 3 } } }),
    '/number': post('number', { 'text/plain': { schema: { type: 'integer' } } }),
    '/csv': post('csv', { 'text/csv': { schema: { type: 'array', items: ORDER } } }),
  },
}

interface Sent {
  readonly operation?: string
  /** `null`: no field. */
  readonly type?: string | null
  readonly headers?: readonly string[]
  readonly policy?: PolicyParts
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** What becomes of a body; `undefined` as body: none was announced. */
async function sendBody(
  bytes: Buffer | string | undefined,
  sent: Sent = {},
): Promise<{
  refusal: Awaited<ReturnType<ReturnType<Bench['guard']>['request']>>
  exchange: Exchange
}> {
  const { operation = 'order', type = JSON_TYPE, headers = [], policy = {} } = sent
  const guard = new Bench({ document: DOCUMENT, policy }).guard(body, operation)
  const typed = type === null ? [] : ['Content-Type', type]
  const exchange = exchangeOf({
    method: 'POST',
    headers: [...typed, ...headers],
    hasBody: bytes !== undefined,
  })
  const early = await guard.request(exchange)
  return { refusal: early ?? (await guard.body(exchange, bytes ?? '')), exchange }
}

type Row = [
  name: string,
  bytes: Buffer | string | undefined,
  sent: Sent,
  reason: string | undefined,
  status?: number,
]

const GOOD = '{"name":"a"}'
const part = (name: string, value: string, more = ''): string =>
  `--x\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
const MULTIPART = 'multipart/form-data; boundary=x'

/** What usual clients send. */
const honest: Row[] = [
  ['axios: JSON', GOOD, { headers: ['Accept', 'application/json, text/plain, */*'] }, undefined],
  [
    'axios of old: JSON with a charset',
    GOOD,
    { type: 'application/json;charset=utf-8' },
    undefined,
  ],
  [
    'Java: JSON with a charset in capitals',
    GOOD,
    { type: 'application/json; charset=UTF-8' },
    undefined,
  ],
  ['curl --json', GOOD, { headers: ['Accept', 'application/json'] }, undefined],
  [
    'curl -d: a form',
    'name=a+b&amount=5',
    { operation: 'form', type: 'application/x-www-form-urlencoded' },
    undefined,
  ],
  [
    'fetch: URLSearchParams',
    'name=a%20b',
    { operation: 'form', type: 'application/x-www-form-urlencoded;charset=UTF-8' },
    undefined,
  ],
  [
    'fetch: FormData',
    `${part('name', 'a')}--x--\r\n`,
    { operation: 'upload', type: MULTIPART },
    undefined,
  ],
  [
    'fetch: FormData with a file',
    `${part('name', 'a')}--x\r\nContent-Disposition: form-data; name="photo"; filename="p.png"\r\nContent-Type: application/octet-stream\r\n\r\nabc\r\n--x--\r\n`,
    { operation: 'upload', type: MULTIPART },
    undefined,
  ],
  ['pretty JSON', '{\n  "name": "a",\n  "lines": []\n}\n', {}, undefined],
  ['no body where it is optional', undefined, { operation: 'optional', type: null }, undefined],
  [
    'no body with a type where it is optional, as axios did',
    undefined,
    { operation: 'optional' },
    undefined,
  ],
  ['an announced body that never came', '', { operation: 'optional' }, undefined],
  ['a plain identity coding', GOOD, { headers: ['Content-Encoding', 'identity'] }, undefined],
  ['no body where none is declared', undefined, { operation: 'none', type: null }, undefined],
  ['JSON of a kind', GOOD, { operation: 'hal', type: 'application/hal+json' }, undefined],
  ['anything where the document asks for nothing', '[1,"x"]', { operation: 'bare' }, undefined],
  ['a text', 'abc', { operation: 'text', type: 'text/plain' }, undefined],
  ['a number as text', '12', { operation: 'number', type: 'text/plain' }, undefined],
  ['CSV, whatever its schema says', 'a,b\n1,2', { operation: 'csv', type: 'text/csv' }, undefined],
  ['an image where images are declared', 'PNG', { operation: 'xml', type: 'image/png' }, undefined],
  [
    'bytes beside JSON',
    Buffer.from([0, 255]),
    { operation: 'mixed', type: 'application/octet-stream' },
    undefined,
  ],
  ['JSON under a range', GOOD, { operation: 'any' }, undefined],
  [
    'bytes under a range',
    Buffer.from([0, 255]),
    { operation: 'any', type: 'application/octet-stream' },
    undefined,
  ],
  [
    'a form under a range',
    'name=a',
    { operation: 'any', type: 'application/x-www-form-urlencoded' },
    undefined,
  ],
  [
    'an upload under a range',
    `${part('name', 'a')}--x--\r\n`,
    { operation: 'any', type: MULTIPART },
    undefined,
  ],
]

const heads: Row[] = [
  ['refuses a body where none is declared', '{}', { operation: 'none' }, 'unexpected_body', 400],
  ['refuses another type', '<a/>', { type: 'application/xml' }, 'media_type', 415],
  [
    'refuses JSON as text, as forms of foreign pages send it',
    GOOD,
    { type: 'text/plain' },
    'media_type',
    415,
  ],
  ['refuses a body without type', GOOD, { type: null }, 'media_type', 415],
  ['refuses a malformed type', GOOD, { type: 'json' }, 'media_type', 415],
  ['refuses another charset', GOOD, { type: 'application/json; charset=utf-7' }, 'charset', 415],
  [
    'refuses a compressed body',
    GOOD,
    { headers: ['Content-Encoding', 'gzip'] },
    'content_coding',
    415,
  ],
  [
    'refuses a coding in a second field',
    GOOD,
    { headers: ['Content-Encoding', 'identity', 'Content-Encoding', 'gzip'] },
    'content_coding',
    415,
  ],
  [
    'refuses a length over the limit',
    GOOD,
    { headers: ['Content-Length', '1048577'] },
    'body_too_large',
    413,
  ],
  ['lets a length at the limit pass', GOOD, { headers: ['Content-Length', '1048576'] }, undefined],
  ['refuses no body where one is required', undefined, {}, 'body_required', 422],
  ['refuses an empty body where one is required', '', {}, 'body_required', 422],
  [
    'refuses no body where opaque bytes are required',
    undefined,
    { operation: 'xml' },
    'body_required',
    422,
  ],
  [
    'lets no body pass where opaque bytes are optional',
    undefined,
    { operation: 'xmlOptional' },
    undefined,
  ],
]

const json = (value: unknown): string => JSON.stringify(value)
const values: Row[] = [
  ['refuses broken JSON', '{"name":', {}, 'malformed_json', 400],
  ['refuses a repeated member', '{"name":"a","name":"b"}', {}, 'malformed_json', 400],
  ['refuses a member called __proto__', '{"name":"a","__proto__":{}}', {}, 'malformed_json', 400],
  ['refuses a byte order mark', `\uFEFF${GOOD}`, {}, 'malformed_json', 400],
  [
    'refuses an integer that would change',
    '{"name":"a","amount":9007199254740993}',
    {},
    'malformed_json',
    400,
  ],
  [
    'refuses a depth over the limit',
    `${'['.repeat(33)}${']'.repeat(33)}`,
    { operation: 'bare' },
    'malformed_json',
    400,
  ],
  ['refuses broken JSON under a range', '{', { operation: 'any' }, 'malformed_json', 400],
  ['refuses a wrong type', json({ name: 1 }), {}, 'schema', 422],
  ['refuses a missing field', '{}', {}, 'schema', 422],
  ['refuses a text that is too long', json({ name: 'a'.repeat(11) }), {}, 'schema', 422],
  ['refuses a value that is not listed', json({ name: 'a', size: 'xl' }), {}, 'enum', 422],
  ['refuses an unknown field', json({ name: 'a', isAdmin: true }), {}, 'unknown_field', 422],
  [
    'refuses it in an item',
    json({ name: 'a', lines: [{ sku: 'x' }, { price: 0 }] }),
    {},
    'unknown_field',
    422,
  ],
  [
    'refuses it in a branch',
    json({ name: 'a', address: { street: 'x', isAdmin: true } }),
    {},
    'unknown_field',
    422,
  ],
  [
    'lets free names pass where the document says so',
    json({ name: 'a', tags: { x: 'y' } }),
    {},
    undefined,
  ],
  ['refuses what is only read', json({ name: 'a', id: 7 }), {}, 'unknown_field', 422],
  [
    'refuses an unknown field under a range in JSON that is called a text',
    '{"id":1,"isAdmin":true}',
    { operation: 'any', type: 'text/plain' },
    'unknown_field',
    422,
  ],
  [
    'refuses broken JSON under a range that is called something else',
    ' \r\n{"id":1,}',
    { operation: 'any', type: 'application/octet-stream' },
    'malformed_json',
    400,
  ],
  [
    'refuses an unknown field under a range',
    json({ name: 'a', isAdmin: true }),
    { operation: 'any' },
    'unknown_field',
    422,
  ],
  [
    'answers 400 where the document knows no 422',
    json({ name: 1 }),
    { operation: 'old' },
    'schema',
    400,
  ],
  [
    'answers 422 where the document knows both',
    json({ name: 1 }),
    { operation: 'both' },
    'schema',
    422,
  ],
  [
    'answers 400 to a missing body there too',
    undefined,
    { operation: 'old' },
    'body_required',
    400,
  ],
  [
    'refuses an unknown field of a form',
    'name=a&isAdmin=1',
    { operation: 'form', type: 'application/x-www-form-urlencoded' },
    'unknown_field',
    422,
  ],
  [
    'refuses a form that is none',
    'name=%zz',
    { operation: 'form', type: 'application/x-www-form-urlencoded' },
    'malformed_form',
    400,
  ],
  [
    'refuses a form value of the wrong type',
    'name=a&amount=x',
    { operation: 'form', type: 'application/x-www-form-urlencoded' },
    'schema',
    422,
  ],
  [
    'refuses an unknown part',
    `${part('name', 'a')}${part('isAdmin', '1')}--x--\r\n`,
    { operation: 'upload', type: MULTIPART },
    'unknown_field',
    422,
  ],
  [
    'refuses an upload without its end',
    part('name', 'a'),
    { operation: 'upload', type: MULTIPART },
    'malformed_form',
    400,
  ],
  [
    'refuses a file name with a path',
    `${part('name', 'a')}${part('photo', 'x', '; filename="../../x"')}--x--\r\n`,
    { operation: 'upload', type: MULTIPART },
    'malformed_form',
    400,
  ],
  [
    'refuses a text that is too long for its schema',
    'abcd',
    { operation: 'text', type: 'text/plain' },
    'schema',
    422,
  ],
  [
    'refuses a text that is no number',
    'x',
    { operation: 'number', type: 'text/plain' },
    'schema',
    422,
  ],
  [
    'refuses a text that is not UTF-8',
    Buffer.from([0xff]),
    { operation: 'text', type: 'text/plain' },
    'malformed_form',
    400,
  ],
]

suite('body', () => {
  for (const [name, bytes, sent, reason, status] of [...honest, ...heads, ...values]) {
    test(name, async () => {
      const { refusal } = await sendBody(bytes, sent)
      assertRefused(refusal, reason, status)
    })
  }

  test('says what is accepted', async () => {
    const type = await sendBody(GOOD, { operation: 'mixed', type: 'text/plain' })
    assert.equal(
      valueOf(type.refusal?.denial.headers, 'Accept'),
      'application/json, application/octet-stream',
    )
    const coding = await sendBody(GOOD, { headers: ['Content-Encoding', 'br'] })
    assert.equal(valueOf(coding.refusal?.denial.headers, 'Accept-Encoding'), 'identity')
  })

  test('names the place, never the value', async () => {
    const { refusal } = await sendBody(json({ name: 'a', lines: [{ secret: 'hunter2' }] }))
    assert.equal(refusal?.denial.errors?.[0]?.pointer, '/lines/0/secret')
    assert.doesNotMatch(json(refusal?.denial), /hunter2/)
  })

  test('hands on the value that was read', async () => {
    const { exchange } = await sendBody('name=a&amount=5', {
      operation: 'form',
      type: 'application/x-www-form-urlencoded',
    })
    assert.deepEqual({ ...(exchange.body as object) }, { name: 'a', amount: 5 })
    assert.ok(exchange.hasBodyValue)
    const opaque = await sendBody(Buffer.from([1]), { operation: 'any', type: 'image/png' })
    assert.equal(opaque.exchange.hasBodyValue, false)
  })

  const schemaMode: PolicyParts = { validate: { request: 'schema' } }
  const loose: Row[] = [
    ['an unknown field passes', json({ name: 'a', more: 1 }), {}, undefined],
    [
      'an unknown field of a form passes',
      'name=a&more=1',
      { operation: 'form', type: 'application/x-www-form-urlencoded' },
      undefined,
    ],
    [
      'an unknown part passes',
      `${part('name', 'a')}${part('more', '1')}--x--\r\n`,
      { operation: 'upload', type: MULTIPART },
      undefined,
    ],
    ['a wrong type does not', json({ name: 1 }), {}, 'schema', 422],
    ['what is only read does not', json({ name: 'a', id: 7 }), {}, 'unknown_field', 422],
    ['broken JSON does not', '{', {}, 'malformed_json', 400],
  ]
  for (const [name, bytes, sent, reason, status] of loose) {
    test(`in schema mode ${name}`, async () => {
      const { refusal } = await sendBody(bytes, { ...sent, policy: schemaMode })
      assertRefused(refusal, reason, status)
    })
  }

  test('while adopting notes what would be refused, with the shape of it', async () => {
    const policy: PolicyParts = { adopt: { untilMs: 1 } }
    const kinds: string[] = []
    const noted = async (bytes: string, sent: Sent): Promise<string | undefined> => {
      const { refusal, exchange } = await sendBody(bytes, { ...sent, policy })
      assertRefused(refusal, undefined)
      exchange.bodyBytes = Buffer.from(bytes)
      const [first] = exchange.observed
      if (first !== undefined) kinds.push(...(first.evidence?.() ?? []).map(({ kind }) => kind))
      return first?.reason
    }
    assert.equal(await noted('{"a":1}', { operation: 'none' }), 'unexpected_body')
    assert.equal(await noted('{"name":"a","x":1}', {}), 'unknown_field')
    assert.equal(await noted(GOOD, { type: 'application/hal+json' }), 'media_type')
    assert.equal(await noted(GOOD, {}), undefined)
    assert.deepEqual(kinds, [
      'request-undeclared-body',
      'request-unknown-field',
      'request-undeclared-body',
    ])
  })

  const capped: Row[] = [
    [
      'a long text in a field without a bound',
      json({ name: 'a', photo: 'x'.repeat(6) }),
      {},
      'schema',
      422,
    ],
    ['one as long as the cap', json({ name: 'a', photo: 'x'.repeat(5) }), {}, undefined],
    ['one within its own bound', json({ name: 'x'.repeat(10) }), {}, undefined],
    ['a long list', json({ name: 'a', lines: [{}, {}, {}] }), {}, 'schema', 422],
    ['a text in a map', json({ name: 'a', tags: { a: 'xxxxxx' } }), {}, 'schema', 422],
    [
      'a field of a form',
      'name=a&photo=xxxxxx',
      { operation: 'form', type: FORM_TYPE },
      'schema',
      422,
    ],
  ]
  for (const request of ['strict', 'schema'] as const)
    for (const [name, bytes, sent, reason, status] of capped)
      test(`with caps and ${request} requests: ${name}`, async () => {
        const policy: PolicyParts = { validate: { request, capLength: 5, capItems: 2 } }
        const { refusal } = await sendBody(bytes, { ...sent, policy })
        assertRefused(refusal, reason, status)
      })

  test('while adopting a cap is only told, as one', async () => {
    const policy: PolicyParts = { adopt: { untilMs: 1 }, validate: { capLength: 5 } }
    const { refusal, exchange } = await sendBody('{"name":"a","photo":"xxxxxx"}', { policy })
    assertRefused(refusal, undefined)
    const [evidence] = exchange.observed[0]?.evidence?.() ?? []
    assert.equal(evidence?.pointer, 'application/json#/photo cap')
  })

  test('bounds how many names a body has, as the policy says', async () => {
    const names = Array.from({ length: 400 }, (_, at) => `"n${at}":""`).join(',')
    const ask = async (maxNames: number) =>
      (await sendBody(`{"name":"a","tags":{${names}}}`, { policy: { validate: { maxNames } } }))
        .refusal
    assert.equal((await ask(100))?.spec.status, 400)
    assertRefused(await ask(1000), undefined)
  })

  test('holds no body that nobody reads', () => {
    const bench = new Bench({ document: DOCUMENT })
    for (const id of ['xml', 'xmlOptional', 'none'])
      assert.equal(bench.guard(body, id).guard?.onRequestBody, undefined, id)
    for (const id of ['order', 'form', 'upload', 'any', 'text', 'mixed'])
      assert.ok(bench.guard(body, id).guard?.onRequestBody !== undefined, id)
  })

  test('is off where requests are not validated, and has nothing to do without an operation', () => {
    const policy: PolicyParts = { validate: { request: 'off' } }
    assert.equal(new Bench({ document: DOCUMENT, policy }).guard(body, 'order').guard, undefined)
    assert.equal(new Bench().guard(body).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(
      body,
      [...honest, ...heads, ...values].map((row) => row[3]),
    )
  })
})
