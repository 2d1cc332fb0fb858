import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HeaderTable } from '../../http/header-table.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { errors } from './control.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { 200: { description: 'ok' } } } } },
}
const TRACE = 'Error: no\n    at load (/app/orders.js:12:3)'
const JSON_TYPE = 'application/json; charset=utf-8'
const json = JSON.stringify

type Row = [
  name: string,
  status: number,
  type: string | undefined,
  body: string,
  reason: string | undefined,
  as?: number,
]

const cases: Row[] = [
  ['lets an ordinary answer pass', 200, JSON_TYPE, '{"id":1}', undefined],
  ['lets an honest refusal pass', 404, JSON_TYPE, '{"error":"Order 7 was not found"}', undefined],
  ['lets an honest page pass', 404, 'text/html', '<h1>Not found</h1>', undefined],
  ['replaces a failure', 500, JSON_TYPE, '{"error":"boom"}', 'upstream_error', 502],
  ['replaces a failure without type', 503, undefined, 'down', 'upstream_error', 502],
  ['replaces a failure without body', 500, undefined, '', 'upstream_error', 502],
  [
    'replaces a failure in HTML',
    502,
    'text/html',
    '<center>nginx/1.18.0</center>',
    'upstream_error',
    502,
  ],
  [
    'keeps the status of an error that shows a trace',
    400,
    JSON_TYPE,
    json({ error: TRACE }),
    'internals_in_error',
    400,
  ],
  ['finds a trace in plain text', 422, 'text/plain', TRACE, 'internals_in_error', 422],
  ['finds a trace in HTML', 404, 'text/html', `<pre>${TRACE}</pre>`, 'internals_in_error', 404],
  ['finds a trace in an error without type', 400, undefined, TRACE, 'internals_in_error', 400],
  [
    'finds a trace in problem details',
    400,
    'application/problem+json',
    json({ detail: TRACE }),
    'internals_in_error',
    400,
  ],
  [
    'finds a server path in an error',
    400,
    JSON_TYPE,
    '{"m":"/var/www/x.php"}',
    'internals_in_error',
    400,
  ],
  [
    'finds a trace that claims success',
    200,
    JSON_TYPE,
    json({ ok: false, error: { stack: TRACE } }),
    'internals_in_answer',
    502,
  ],
  [
    'finds a database text that claims success',
    200,
    JSON_TYPE,
    json({ message: 'SQLITE_ERROR: near "x"' }),
    'internals_in_answer',
    502,
  ],
  [
    'finds frames written as objects',
    200,
    JSON_TYPE,
    '{"trace":[{"file":"/srv/a.php","line":3}]}',
    'internals_in_answer',
    502,
  ],
  [
    'finds a trace in what only claims to be JSON',
    200,
    JSON_TYPE,
    `error ${TRACE}`,
    'internals_in_answer',
    502,
  ],
  [
    'lets a trace pass that somebody wrote',
    200,
    JSON_TYPE,
    json([{ id: 1, body: TRACE }]),
    undefined,
  ],
  [
    'lets a trace pass in a list of messages',
    200,
    JSON_TYPE,
    json({ items: [{ message: TRACE }] }),
    undefined,
  ],
  [
    'lets an error text pass that shows nothing',
    200,
    JSON_TYPE,
    '{"error":"card declined","stack":[1]}',
    undefined,
  ],
  ['lets text of any length pass that the API offers', 200, 'text/plain', TRACE, undefined],
  [
    'gives up at a depth that no error has',
    200,
    JSON_TYPE,
    `${'{"error":'.repeat(70)}${json(TRACE)}${'}'.repeat(70)}`,
    undefined,
  ],
]

const LONG = 'x'.repeat(2_048)
const texts: [
  name: string,
  type: string,
  body: string,
  length: number | undefined,
  isLeak: boolean,
][] = [
  ['finds a trace in a short text that claims success', 'text/plain', TRACE, 60, true],
  [
    'finds a warning in a page',
    'text/html',
    '<b>Warning</b>:  x in /srv/a.php on line 3',
    60,
    true,
  ],
  ['finds a trace at the front only', 'text/plain', `${LONG}${TRACE}`, 3_000, false],
  ['lets a long text pass', 'text/plain', TRACE, 65_537, false],
  ['lets a text without an end in sight pass', 'text/plain', TRACE, undefined, false],
  ['lets other texts pass', 'text/csv', TRACE, 60, false],
  [
    'lets a text that speaks of errors pass',
    'text/plain',
    'error: the card was declined',
    60,
    false,
  ],
]

suite('texts that claim success', () => {
  for (const [name, type, body, length, isLeak] of texts) {
    test(name, async () => {
      const guard = new Bench({ document: DOCUMENT }).guard(errors, 'list')
      const exchange = exchangeOf()
      const said = length === undefined ? [] : ['Content-Length', String(length)]
      await guard.response(exchange, 200, ['Content-Type', type, ...said])
      const isHeld = guard.wantsResponseBody(exchange)
      const refusal = isHeld ? await guard.responseBody(exchange, body) : undefined
      assertRefused(refusal, isLeak ? 'internals_in_answer' : undefined, 502)
    })
  }

  test('watches event streams, and nothing else', async () => {
    const { guard } = new Bench({ document: DOCUMENT }).guard(errors, 'list')
    const watchOf = (type: string): unknown => {
      const headers = new HeaderTable(['Content-Type', type])
      return guard?.watchesResponse?.(exchangeOf(), { status: 200, headers })
    }
    assert.equal(watchOf('text/plain'), undefined)
    assert.equal(typeof watchOf('text/event-stream; charset=utf-8'), 'function')
  })
})

suite('errors', () => {
  for (const [name, status, type, body, reason, as] of cases) {
    test(name, async () => {
      const guard = new Bench({ document: DOCUMENT }).guard(errors, 'list')
      const exchange = exchangeOf()
      const headers = type === undefined ? [] : ['Content-Type', type]
      const early = await guard.response(exchange, status, headers)
      // The gateway asks for the body only where the guard wants it.
      const late = guard.wantsResponseBody(exchange)
        ? await guard.responseBody(exchange, body)
        : undefined
      assertRefused(early ?? late, reason, as)
    })
  }

  test('the log gets what the client does not', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(errors, 'list')
    const exchange = exchangeOf()
    await guard.response(exchange, 500, ['Content-Type', 'application/json'])
    const refusal = await guard.responseBody(exchange, '{"error":"größer"}')
    assert.equal(refusal?.denial.detail, 'the API answered 500: {"error":"größer"}')
    const long = await guard.responseBody(exchange, 'x'.repeat(1_000_000))
    assert.ok((long?.denial.detail?.length ?? 0) < 2100)
  })

  test('judges what the guards before it left', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(errors, 'list')
    const exchange = exchangeOf()
    await guard.response(exchange, 400, ['Content-Type', 'application/json'])
    exchange.replacement = Buffer.from('{}')
    assertRefused(await guard.responseBody(exchange, json({ error: TRACE })), undefined)
  })

  const streams: [
    name: string,
    method: string,
    status: number,
    type: string,
    isHeld: boolean,
    isRefused: boolean,
  ][] = [
    ['holds JSON', 'GET', 200, 'application/vnd.api+json', true, false],
    ['lets a download stream', 'GET', 200, 'application/octet-stream', false, false],
    ['lets events stream', 'GET', 200, 'text/event-stream', false, false],
    ['holds an error page', 'GET', 404, 'text/html', true, false],
    ['refuses a failure that would stream', 'GET', 500, 'text/event-stream', false, true],
    ['refuses a failure without body', 'HEAD', 500, 'application/json', false, true],
    ['asks for no body where there is none', 'HEAD', 404, 'application/json', false, false],
  ]
  for (const [name, method, status, type, isHeld, isRefused] of streams) {
    test(name, async () => {
      const guard = new Bench({ document: DOCUMENT }).guard(errors, 'list')
      const exchange = exchangeOf({ method })
      const refusal = await guard.response(exchange, status, ['Content-Type', type])
      assertRefused(refusal, isRefused ? 'upstream_error' : undefined)
      assert.equal(guard.wantsResponseBody(exchange), isHeld)
    })
  }

  test('is off where errors pass, and has nothing to do without an operation', () => {
    const bench = new Bench({ document: DOCUMENT, policy: { data: { errors: 'pass' } } })
    assert.equal(bench.guard(errors, 'list').guard, undefined)
    assert.equal(new Bench().guard(errors).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(
      errors,
      cases.map((row) => row[4]),
    )
  })
})
