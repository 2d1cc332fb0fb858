import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused, valueOf, valuesOf } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { lifecycle } from './control.ts'

function benchWith(members: object): Bench {
  const get = { operationId: 'list', responses: { 200: { description: 'ok' } }, ...members }
  const info = { title: 'Shop', version: '1' }
  return new Bench({ document: { openapi: '3.1.0', info, paths: { '/orders': { get } } } })
}

const said = (fields: unknown): object => ({ 'x-sallyport-deprecated': fields })

const LINK = 'https://docs.example.com/v2'
const DEPRECATION = `<${LINK}>; rel="deprecation"`

/** The clock stands at 2026-01-01. */
const ROWS: readonly [
  name: string,
  members: object,
  headers: readonly string[] | undefined,
  reason?: string,
][] = [
  ['has nothing to say of an operation that lives', {}, undefined],
  ['has nothing to say where it is said to live', said(false), undefined],
  ['announces deprecated: true', { deprecated: true }, ['Deprecation', '@0']],
  ['announces the extension alone', said(true), ['Deprecation', '@0']],
  ['announces the day', said({ since: '2025-06-01' }), ['Deprecation', '@1748736000']],
  [
    'announces a moment',
    said({ since: '2025-06-01T02:00:00+02:00' }),
    ['Deprecation', '@1748736000'],
  ],
  [
    'announces a sunset to come',
    said({ sunset: '2027-03-01' }),
    ['Deprecation', '@0', 'Sunset', 'Mon, 01 Mar 2027 00:00:00 GMT'],
  ],
  ['links to what to read', said({ link: LINK }), ['Deprecation', '@0', 'Link', DEPRECATION]],
  [
    'ends it at its sunset',
    said({ since: '2025-01-01', sunset: '2026-01-01', link: LINK }),
    [
      'Deprecation',
      '@1735689600',
      'Sunset',
      'Thu, 01 Jan 2026 00:00:00 GMT',
      'Link',
      DEPRECATION,
      'Link',
      `<${LINK}>; rel="sunset"`,
    ],
    'sunset',
  ],
]

const FAULTS: readonly [name: string, fields: unknown, message: RegExp][] = [
  [
    'a sunset before the deprecation',
    { since: '2026-02-01', sunset: '2026-01-01' },
    /before the deprecation/,
  ],
  ['a misspelled field', { sunst: '2026-01-01' }, /does not know "sunst"/],
  ['a date that is none', { sunset: 'soon' }, /sunset "soon" is no date/],
  ['a day that does not exist', { sunset: '2026-13-01' }, /is no date/],
  ['the 30th of February', { since: '2026-02-30' }, /is no date/],
  ['a moment without a zone', { since: '2026-01-01T00:00:00' }, /is no date/],
  ['a number', { since: 2026 }, /since 2026 is no date/],
  ['a link that could break out of the field', { link: 'https://a>; rel="x' }, /link is no URI/],
  ['a link that is no text', { link: 7 }, /link is no URI/],
  ['a text', 'yes', /is no object/],
  ['nothing', null, /is no object/],
  ['a list', [], /is no object/],
]

suite('lifecycle', () => {
  for (const [name, members, headers, reason] of ROWS) {
    test(name, async () => {
      const guard = benchWith(members).guard(lifecycle, 'list')
      assert.equal(guard.guard === undefined, headers === undefined)
      assertRefused(await guard.request(exchangeOf()), reason, 410)
      assert.deepEqual(guard.answer(exchangeOf()), headers ?? [])
    })
  }

  for (const [name, fields, message] of FAULTS) {
    test(`refuses to start with ${name}`, () => {
      const bench = benchWith(said(fields))
      assert.throws(() => bench.guard(lifecycle, 'list'), message)
    })
  }

  test('names operation and file of a fault', () => {
    const bench = benchWith(said('yes'))
    assert.throws(
      () => bench.guard(lifecycle, 'list'),
      (error: Error & { faults?: readonly { path: string; file?: string }[] }) =>
        error.faults?.[0]?.path === 'list x-sallyport-deprecated' &&
        error.faults[0].file === 'shop.yaml',
    )
  })

  test('goes by the clock of the moment, to the millisecond', async () => {
    const bench = benchWith(said({ sunset: '2026-01-02' }))
    const guard = bench.guard(lifecycle, 'list')
    bench.clock.advance(86_400_000 - 1)
    assert.equal(await guard.request(exchangeOf()), undefined)
    bench.clock.advance(1)
    const exchange = exchangeOf()
    assertRefused(await guard.request(exchange), 'sunset', 410)
    assert.equal(exchange.events[0]?.name, 'sp_deprecated_use')
  })

  test('reads dates as people write them in YAML', () => {
    const text = [
      'openapi: 3.1.0',
      'info: { title: Shop, version: "1" }',
      'paths:',
      '  /orders:',
      '    get:',
      '      operationId: list',
      '      x-sallyport-deprecated: { since: 2025-06-01, sunset: 2027-03-01 }',
      '      responses: { 200: { description: ok } }',
    ].join('\n')
    const headers = new Bench({ document: text }).guard(lifecycle, 'list').answer(exchangeOf())
    assert.equal(valueOf(headers, 'Deprecation'), '@1748736000')
    assert.deepEqual(valuesOf(headers, 'Sunset'), ['Mon, 01 Mar 2027 00:00:00 GMT'])
  })

  test('stays away from requests that have no operation', () =>
    assert.equal(new Bench().guard(lifecycle).guard, undefined))

  test('the rows reach every reason', () =>
    assertEveryReason(
      lifecycle,
      ROWS.map((row) => row[3]),
    ))
})
