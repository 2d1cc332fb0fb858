import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../base/config-error.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { encoding } from './control.ts'
import { SafeCsv, safeCsv } from './csv.ts'
import { htmlSafeJson } from './html-json.ts'

const table = (mark: unknown): object => ({
  description: 'ok',
  content: { 'text/csv': { schema: { type: 'string', 'x-sallyport-csv-safe': mark } } },
})
const ok = { 200: { description: 'ok' } }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/any/{id}': {
      get: {
        operationId: 'get',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: ok,
      },
    },
    '/table': { get: { operationId: 'table', responses: { 200: table(true) } } },
    '/marked': { get: { operationId: 'marked', 'x-sallyport-csv-safe': true, responses: ok } },
    '/wrong': { get: { operationId: 'wrong', responses: { 200: table('yes') } } },
  },
}

interface Sent {
  readonly reason: string | undefined
  readonly text: string
}

interface Request {
  readonly target?: string
  readonly headers?: readonly string[]
  readonly body?: unknown
  readonly pathValues?: readonly string[]
  readonly operation?: string
  readonly encode?: 'html'
}

async function sent(type: string, text: string, request: Request = {}): Promise<Sent> {
  const { target = '/any/1', headers = [], body, pathValues = [], operation = 'get' } = request
  const bench = new Bench({
    document: DOCUMENT,
    policy: { data: { encode: request.encode ?? 'off' } },
  })
  const guard = bench.guard(encoding, operation)
  const exchange = exchangeOf({ target, headers })
  exchange.pathValues = pathValues
  if (body !== undefined) Object.assign(exchange, { body, hasBodyValue: true })
  await guard.response(exchange, 200, ['Content-Type', type])
  const isHeld = guard.wantsResponseBody(exchange)
  const refusal = isHeld ? await guard.responseBody(exchange, text) : undefined
  if (refusal !== undefined) assertRefused(refusal, refusal.denial.reason, 502)
  return {
    reason: refusal?.denial.reason ?? exchange.repaired[0]?.reason,
    text: (exchange.replacement ?? text).toString(),
  }
}

const query = (value: string): string => `/any/1?q=${encodeURIComponent(value)}`
const IMG = '<img src=x onerror=alert(1)>'
const page = (text: string): string => `<html><p>${text}</p></html>`

type Row = [name: string, type: string, text: string, request: Request, reason: string | undefined]
const rows: Row[] = [
  ['leaves JSON as it is', 'application/json', '{"a":"<b>"}', {}, undefined],
  [
    'writes markup in JSON as escapes',
    'application/json',
    '{"a":"<b>"}',
    { encode: 'html' },
    'encoded',
  ],
  ['leaves JSON without markup', 'application/json', '{"a":"b"}', { encode: 'html' }, undefined],
  [
    'refuses a call that the query names',
    'application/javascript',
    'cb({"a":1})',
    { target: query('cb') },
    'jsonp',
  ],
  ['refuses it as JSON', 'application/json', 'cb({"a":1})', { target: query('cb') }, 'jsonp'],
  ['refuses it as HTML', 'text/html', '/**/ cb({"a":1})', { target: query('cb') }, 'jsonp'],
  [
    'refuses it behind a check',
    'text/javascript',
    "/**/ typeof a.b === 'function' && a.b({})",
    { target: query('a.b') },
    'jsonp',
  ],
  [
    'leaves a script that calls something else',
    'text/javascript',
    'start({})',
    { target: query('cb') },
    undefined,
  ],
  ['leaves a script without a query', 'text/javascript', 'cb({})', {}, undefined],
  [
    'refuses markup of the query in a page',
    'text/html',
    page(IMG),
    { target: query(IMG) },
    'reflected_input',
  ],
  [
    'refuses markup of the path',
    'text/html',
    page(IMG),
    { pathValues: [encodeURIComponent(IMG)] },
    'reflected_input',
  ],
  ['refuses markup of the body', 'text/html', page(IMG), { body: { a: [IMG] } }, 'reflected_input'],
  [
    'refuses markup of a header',
    'text/html',
    page(IMG),
    { headers: ['User-Agent', IMG] },
    'reflected_input',
  ],
  [
    'refuses an attribute that breaks out',
    'text/html',
    '<input value="" onfocus="x">',
    { target: query('" onfocus="x') },
    'reflected_input',
  ],
  [
    'leaves a page that escapes',
    'text/html',
    page('&lt;img&gt;'),
    { target: query(IMG) },
    undefined,
  ],
  [
    'leaves words of the query in a page',
    'text/html',
    page("rock'n'roll"),
    { target: query("rock'n'roll") },
    undefined,
  ],
  [
    'leaves JSON that repeats the query',
    'application/json',
    JSON.stringify({ q: IMG }),
    { target: query(IMG) },
    undefined,
  ],
  [
    'makes cells of a marked schema safe',
    'text/csv',
    'a\n=1+1',
    { operation: 'table' },
    'csv_formula',
  ],
  [
    'makes cells of a marked operation safe',
    'text/csv',
    '@a',
    { operation: 'marked' },
    'csv_formula',
  ],
  [
    'makes cells between tabs safe',
    'text/tab-separated-values; charset=utf-8',
    'a\tb\n1\t=1+1',
    { operation: 'marked' },
    'csv_formula',
  ],
  [
    'leaves commas inside a cell between tabs',
    'text/tab-separated-values',
    'a\tx,=b\n',
    { operation: 'marked' },
    undefined,
  ],
  ['leaves tables without a mark', 'text/csv', '=1+1', { target: query('a') }, undefined],
  ['leaves pictures', 'image/png', 'cb(', { target: query('cb') }, undefined],
]

suite('encoding', () => {
  for (const [name, type, text, request, reason] of rows)
    test(name, async () => {
      const out = await sent(type, text, request)
      assert.equal(out.reason, reason)
      if (reason === undefined) assert.equal(out.text, text)
    })

  test('a mark that is no boolean stops the start', () => {
    assert.throws(() => new Bench({ document: DOCUMENT }).guard(encoding, 'wrong'), ConfigError)
  })

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench().guard(encoding).guard, undefined)
  })

  test('every reason is reached', () =>
    assertEveryReason(
      encoding,
      rows.map((row) => row[4]),
    ))
})

suite('JSON in HTML', () => {
  test('means the same and holds no markup', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string({ unit: fc.constantFrom('<', '>', '&', '\u2028', '\u2029', 'a', '"', '\\') }),
        (value, text) => {
          const whole = { value, text }
          const bytes = Buffer.from(JSON.stringify(whole))
          const safe = (htmlSafeJson(bytes) ?? bytes).toString()
          assert.deepEqual(JSON.parse(safe), JSON.parse(bytes.toString()))
          assert.doesNotMatch(safe, /[<>&\u2028\u2029]/)
        },
      ),
    )
  })
})

const tables: [name: string, text: string, safe: string | undefined][] = [
  ['a formula', '=1+1', "'=1+1"],
  ['every sign', '=a,+a,-a,@a,\ta', "'=a,'+a,'-a,'@a,'\ta"],
  ['a quoted formula', 'a,"=HYPERLINK(""x"")",b', `a,"'=HYPERLINK(""x"")",b`],
  ['a formula in a later line', 'a\r\n=b\n"@c"', 'a\r\n\'=b\n"\'@c"'],
  ['a formula behind a semicolon', 'a;=b', "a;'=b"],
  ['a carriage return alone', 'a,\rb', "a,'\rb"],
  ['plain numbers', '-1,+2.5,"-3,5",-', '-1,+2.5,"-3,5",\'-'],
  ['nothing to do', 'a,b\r\n,\r\n"c,d"\r\n', undefined],
  ['separators in quotes', '"a,=b\n=c"', undefined],
  ['an open quote', '"=a', `"'=a`],
  ['no text', '', undefined],
]

suite('safe tables', () => {
  for (const [name, text, safe] of tables) test(name, () => assert.equal(safeCsv(text), safe))

  test('no cell of any text begins as a formula', () => {
    const cell = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', 'a', '1', ' ') })
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1 }), { minLength: 1 }), (lines) => {
        const text = lines.map((line) => line.join(',')).join('\n')
        const cells = (safeCsv(text) ?? text).split(/[,\n]/)
        for (const one of cells) assert.match(one, /^(?![=+\-@])|^[+-]?\d+$/)
        assert.deepEqual(
          cells.map((one) => one.replace(/^'/, '')),
          text.split(/[,\n]/),
        )
      }),
    )
  })

  test('is linear, and never fails', () => {
    fc.assert(fc.property(fc.string(), (text) => void safeCsv(text)))
    const startedAt = performance.now()
    safeCsv('"='.repeat(500_000))
    safeCsv('=,'.repeat(500_000))
    assert.ok(performance.now() - startedAt < 3000)
  })
})

test('a table in slices comes to the same, and others are served between', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', '=', ',', '\n', '\t', 'a', '1') }),
      (text) => {
        const walk = new SafeCsv(text, ',;')
        while (!walk.goOn(1));
        assert.equal(walk.text, safeCsv(text))
      },
    ),
  )
  const guard = new Bench({ document: DOCUMENT }).guard(encoding, 'marked')
  const exchange = exchangeOf()
  await guard.response(exchange, 200, ['Content-Type', 'text/csv'])
  let turns = 0
  const count = setInterval(() => (turns += 1), 0)
  await guard.responseBody(exchange, `${'a,'.repeat(200_000)}=1`)
  clearInterval(count)
  assert.equal(exchange.replacement?.toString().endsWith(",'=1"), true)
  assert.ok(turns > 0)
})
