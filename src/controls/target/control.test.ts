import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { target } from './control.ts'

type Row = [
  name: string,
  rawTarget: string,
  reason: string | undefined,
  path?: string,
  query?: string,
]

const MANY = Array.from({ length: 101 }, (_, index) => `p${index}=1`).join('&')

const ROWS: readonly Row[] = [
  ['keeps a plain path', '/orders/7', undefined, '/orders/7', ''],
  ['decodes what needs no encoding', '/%61dmin', undefined, '/admin', ''],
  ['writes hexadecimal in upper case', '/a%c3%a9', undefined, '/a%C3%A9', ''],
  ['keeps case and trailing slash', '/Orders/', undefined, '/Orders/', ''],
  ['takes absolute form', 'http://api.example.com/a?b=1', undefined, '/a', 'b=1'],
  ['writes the query anew', '/a?b=%41&&c', undefined, '/a', 'b=A&c'],
  ['keeps duplicates for the parameter check', '/a?b=1&b=2', undefined, '/a', 'b=1&b=2'],
  ['refuses an encoded slash', '/orders/..%2fadmin', 'ambiguous_path'],
  ['refuses encoded dots', '/%2e%2e/admin', 'ambiguous_path'],
  ['refuses dots', '/a/../admin', 'ambiguous_path'],
  ['refuses a closing dot', '/admin/.', 'ambiguous_path'],
  ['refuses double encoding', '/%252e%252e/', 'ambiguous_path'],
  ['refuses matrix parameters', '/admin;x=1', 'ambiguous_path'],
  ['refuses empty segments', '//admin', 'ambiguous_path'],
  ['refuses NUL', '/admin%00', 'ambiguous_path'],
  ['refuses a backslash', '/a\\b', 'ambiguous_path'],
  ['refuses a fragment', '/a#b', 'ambiguous_path'],
  ['refuses the asterisk', '*', 'ambiguous_path'],
  ['refuses overlong UTF-8', '/%c0%ae', 'ambiguous_path'],
  ['refuses broken encoding in the query', '/a?b=%zz', 'malformed_query'],
  ['refuses names that reach into prototypes', '/a?b[__proto__][x]=1', 'malformed_query'],
  ['refuses 101 parameters', `/a?${MANY}`, 'malformed_query'],
]

suite('target', () => {
  const guard = new Bench().guard(target)

  for (const [name, rawTarget, reason, path, query] of ROWS) {
    test(name, async () => {
      const exchange = exchangeOf({ target: rawTarget })
      exchange.path = ''
      exchange.query = { text: '', pairs: [] }
      assertRefused(await guard.request(exchange), reason, 400)
      if (path !== undefined) assert.deepEqual([exchange.path, exchange.query.text], [path, query])
    })
  }

  const withParameter = (parameter: object): Bench =>
    new Bench({
      document: {
        openapi: '3.1.0',
        info: { title: 'Shop', version: '1' },
        paths: {
          '/a/{x}': {
            get: {
              parameters: [
                {
                  name: 'x',
                  in: 'path',
                  required: true,
                  style: 'matrix',
                  schema: { type: 'string' },
                },
                parameter,
              ],
              responses: { 200: { description: 'ok' } },
            },
          },
        },
      },
    })

  test('lets matrix parameters pass where a document declares them', async () => {
    const own = withParameter({ name: 'q', in: 'query', schema: { type: 'string' } }).guard(target)
    assert.equal(await own.request(exchangeOf({ target: '/a/;x=1' })), undefined)
  })

  for (const [place, reason] of [
    ['query', undefined],
    ['header', 'malformed_query'],
  ] as const) {
    test(`a dangerous name declared in the ${place} ${reason ?? 'passes'}`, async () => {
      const parameter = { name: 'constructor', in: place, schema: { type: 'string' } }
      const own = withParameter(parameter).guard(target)
      assertRefused(await own.request(exchangeOf({ target: '/a?constructor=1' })), reason)
    })
  }

  for (const [name, rawTarget, isRead] of [
    ['in a path that nobody declared', (key: string) => `/no/${key}`, true],
    ['in the query of one', (key: string) => `/no?x=a%2c${key}`, true],
    ['in a target that is refused', (key: string) => `/a//b?key=${key}`, true],
    ['in a request that is refused before', (key: string) => `/no?key=${key}`, false],
  ] as const) {
    test(`a key ${name} is marked as exposed [KEY-02]`, async () => {
      const bench = new Bench()
      const { text, id } = await bench.key()
      const own = bench.guard(target)
      const exchange = exchangeOf({ target: rawTarget(text) })
      exchange.path = ''
      exchange.query = { text: '', pairs: [] }
      if (isRead) await own.request(exchange)
      own.guard?.onEnd?.(exchange)
      // Marking works on in the background.
      await new Promise((resolve) => setImmediate(resolve))
      assert.notEqual((await bench.keys.admin.show(id))?.exposedAtMs, undefined)
      assert.equal(exchange.events.at(-1)?.name, 'sp_credential_in_url')
      assert.ok(!JSON.stringify(exchange.events).includes(text))
    })
  }

  test('leaves URLs of operations to the control that asks who calls', async () => {
    const bench = withParameter({ name: 'q', in: 'query', schema: { type: 'string' } })
    const { text, id } = await bench.key()
    const [site] = bench.sites
    assert.ok(site !== undefined)
    const exchange = exchangeOf({ target: `/a/;x=1?q=${text}`, site })
    bench.guard(target).guard?.onEnd?.(exchange)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await bench.keys.admin.show(id))?.exposedAtMs, undefined)
    assert.deepEqual(exchange.events, [])
  })

  test('the rows reach every reason', () =>
    assertEveryReason(
      target,
      ROWS.map((row) => row[2]),
    ))
})
