import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { valueOf, valuesOf } from '../controls/testing/check.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import type { RequestParts } from '../controls/testing/exchange.ts'
import { HeaderTable } from '../http/header-table.ts'
import type { Guard } from '../pipeline/control.ts'
import { codedStream, codedWhole } from './answer-coding.ts'
import type { Answer, StreamVerdict } from './core.ts'
import type { SitePlan } from './plan.ts'
import { allow, controlOf, coreOf, planOf } from './testing/core-bench.ts'

const ON = { data: { compress: 'on' } } as const
const JSON_TYPE = ['Content-Type', 'application/json']
const TEXT = Buffer.from(JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id }))))
const ASKS = ['Accept-Encoding', 'gzip']

interface Row {
  readonly request?: RequestParts
  readonly status?: number
  /** Of the answer as it would go out. */
  readonly headers?: readonly string[]
  /** Of the API's, where they differ. */
  readonly upstream?: readonly string[]
  readonly body?: Buffer
  readonly guard?: Guard
}

function siteWith(guard: Guard = {}): SitePlan {
  return planOf({ policy: ON, controls: [allow, controlOf(guard)] }).sites[0] as SitePlan
}

async function whole(row: Row = {}): Promise<Answer> {
  const { request, status = 200, headers = JSON_TYPE, upstream = headers, body = TEXT } = row
  const exchange = exchangeOf(request ?? { headers: ASKS })
  exchange.upstream = { status, headers: new HeaderTable(upstream) }
  return codedWhole(exchange, siteWith(row.guard), { status, headers, body, close: false })
}

function stream(row: Row & { readonly length?: number } = {}): StreamVerdict {
  const { request, status = 200, headers = JSON_TYPE, length } = row
  const exchange = exchangeOf(request ?? { headers: ASKS })
  const said = length === undefined ? [] : ['Content-Length', String(length)]
  exchange.upstream = { status, headers: new HeaderTable([...headers, ...said]) }
  const answer: Answer = { status, headers, body: undefined, close: false }
  return codedStream(exchange, siteWith(row.guard), { answer })
}

const asking = (value: string): RequestParts => ({ headers: ['Accept-Encoding', value] })
const type = (value: string): readonly string[] => ['Content-Type', value]
const noise = randomBytes(2_000)

/** Compressed, or left alone by what it is, or (`varies`) left alone this time. */
type Outcome = 'coded' | 'varies' | 'plain'
const rows: [name: string, row: Row, outcome: Outcome][] = [
  ['is compressed', {}, 'coded'],
  ['of JSON with a suffix', { headers: type('application/hal+json; charset=utf-8') }, 'coded'],
  ['of problems', { status: 404, headers: type('application/problem+json') }, 'coded'],
  ['of text', { headers: type('text/csv') }, 'coded'],
  ['of SVG', { headers: type('image/svg+xml') }, 'coded'],
  ['of pictures is left', { headers: type('image/png') }, 'plain'],
  ['of events is left', { headers: type('text/event-stream') }, 'plain'],
  ['of gRPC is left', { headers: type('application/grpc+proto') }, 'plain'],
  ['of bytes is left', { headers: type('application/octet-stream') }, 'plain'],
  ['of no type is left', { headers: [] }, 'plain'],
  ['of a malformed type is left', { headers: type('json') }, 'plain'],
  ['of 1 KB is compressed', { body: TEXT.subarray(0, 1_024) }, 'coded'],
  ['of less is left', { body: TEXT.subarray(0, 1_023) }, 'plain'],
  ['that is coded already is left', { headers: [...JSON_TYPE, 'content-encoding', 'br'] }, 'plain'],
  ['that is a part is left', { status: 206 }, 'plain'],
  ['with a range is left', { headers: [...JSON_TYPE, 'Content-Range', 'bytes 0-9/10'] }, 'plain'],
  [
    'that must not be changed is left',
    { upstream: [...JSON_TYPE, 'Cache-Control', 'private, no-transform'] },
    'plain',
  ],
  [
    'whose client wants no change is left',
    { request: { headers: [...ASKS, 'Cache-Control', 'no-transform'] } },
    'plain',
  ],
  ['nobody asked to compress is left this time', { request: {} }, 'varies'],
  ['asked for uncoded is left this time', { request: asking('identity') }, 'varies'],
  ['asked for in a refused coding is left this time', { request: asking('gzip;q=0') }, 'varies'],
  ['that a guard keeps is left this time', { guard: { keepsUncoded: () => true } }, 'varies'],
  [
    'that does not get shorter is left this time',
    { headers: type('text/plain'), body: noise },
    'varies',
  ],
]

suite('an answer that is there as a whole', () => {
  for (const [name, row, outcome] of rows) {
    test(name, async () => {
      const { headers, body } = await whole(row)
      assert.equal(valueOf(headers, 'content-encoding') === 'gzip', outcome === 'coded')
      assert.deepEqual(valuesOf(headers, 'vary'), outcome === 'plain' ? [] : ['Accept-Encoding'])
      const bytes = body as Buffer
      const plain = outcome === 'coded' ? gunzipSync(bytes) : bytes
      assert.ok(plain.equals(row.body ?? TEXT))
    })
  }

  const large = Buffer.alloc(3_000_000, TEXT)
  for (const [name, body] of [
    ['small', TEXT],
    ['large', large],
  ] as const) {
    test(`comes in the coding that the client likes best, ${name}`, async () => {
      const undo = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }
      for (const [coding, undone] of Object.entries(undo)) {
        const answer = await whole({ request: asking(`${coding}, *;q=0.1`), body })
        assert.equal(valueOf(answer.headers, 'content-encoding'), coding)
        assert.ok(undone(answer.body as Buffer).equals(body))
      }
    })
  }

  test('that is large is compressed aside, a small one at once', () => {
    const exchange = exchangeOf({ headers: ASKS })
    exchange.upstream = { status: 200, headers: new HeaderTable(JSON_TYPE) }
    const head = { status: 200, headers: JSON_TYPE, close: false }
    const given = (body: Buffer): unknown => codedWhole(exchange, siteWith(), { ...head, body })
    assert.ok(given(large) instanceof Promise)
    assert.ok(!(given(TEXT) instanceof Promise))
  })

  test('says the guard what goes out', async () => {
    const seen: unknown[] = []
    await whole({ guard: { keepsUncoded: (...args) => seen.push(args[1].status, args[2]) > 9 } })
    assert.deepEqual(seen, [200, TEXT])
  })

  test('stays as it is where a guard fails, and the fault is told', async () => {
    const exchange = exchangeOf({ headers: ASKS })
    exchange.upstream = { status: 200, headers: new HeaderTable(JSON_TYPE) }
    const keepsUncoded = (): boolean => {
      throw new Error('broken')
    }
    const answer: Answer = { status: 200, headers: JSON_TYPE, body: TEXT, close: false }
    const { body } = await codedWhole(exchange, siteWith({ keepsUncoded }), answer)
    assert.equal(body, TEXT)
    assert.deepEqual(
      exchange.events.map(({ name }) => name),
      ['sp_control_fault'],
    )
  })

  test('loses what described its bytes, and its validator is a weak one', async () => {
    const described = [
      'ETag',
      '"a"',
      'Content-MD5',
      'x',
      'Repr-Digest',
      'x',
      'Accept-Ranges',
      'bytes',
    ]
    const { headers } = await whole({ headers: [...JSON_TYPE, ...described, 'X-Kept', 'x'] })
    assert.equal(valueOf(headers, 'etag'), 'W/"a"')
    for (const name of ['content-md5', 'repr-digest', 'accept-ranges'])
      assert.equal(valueOf(headers, name), undefined, name)
    assert.equal(valueOf(headers, 'x-kept'), 'x')
  })

  test('keeps a weak validator', async () => {
    const { headers } = await whole({ headers: [...JSON_TYPE, 'etag', 'W/"a"'] })
    assert.equal(valueOf(headers, 'etag'), 'W/"a"')
  })

  const varies: [before: string, after: readonly string[]][] = [
    ['Origin', ['Origin', 'Accept-Encoding']],
    ['Origin, accept-encoding', ['Origin, accept-encoding']],
    ['*', ['*']],
  ]
  for (const [before, after] of varies) {
    test(`adds to Vary: ${before} what is missing`, async () => {
      const { headers } = await whole({ headers: [...JSON_TYPE, 'Vary', before] })
      assert.deepEqual(valuesOf(headers, 'vary'), after)
    })
  }
})

suite('an answer that is passed on as it comes', () => {
  test('has a head for each way', () => {
    const { answer, coded } = stream({ headers: [...JSON_TYPE, 'ETag', '"a"'] })
    assert.equal(valueOf(answer.headers, 'content-encoding'), undefined)
    assert.equal(valueOf(answer.headers, 'etag'), '"a"')
    assert.equal(valueOf(answer.headers, 'vary'), 'Accept-Encoding')
    assert.equal(coded?.coding, 'gzip')
    assert.equal(valueOf(coded?.answer.headers, 'content-encoding'), 'gzip')
    assert.equal(valueOf(coded?.answer.headers, 'etag'), 'W/"a"')
  })

  const ways: [name: string, row: Row & { readonly length?: number }, isCoded: boolean][] = [
    ['of a length may be compressed', { length: 5_000 }, true],
    ['of a small length is left', { length: 1_000 }, false],
    ['of events is left', { headers: type('text/event-stream') }, false],
    [
      'that a guard keeps is left',
      { guard: { keepsUncoded: (_e, _r, body) => body === undefined } },
      false,
    ],
  ]
  for (const [name, row, isCoded] of ways)
    test(name, () => assert.equal(stream(row).coded !== undefined, isCoded))

  test('to HEAD says nothing of the length that GET would have', () => {
    const verdict = stream({ request: { method: 'HEAD', headers: ASKS }, length: 5_000 })
    assert.equal(verdict.hidesLength, true)
    assert.equal(verdict.coded, undefined)
    assert.equal(stream({ request: { method: 'HEAD' }, length: 5_000 }).hidesLength, false)
  })
})

suite('the core', () => {
  const begun = (policy: object) => {
    const { core } = coreOf({ policy, controls: [allow] })
    const exchange = core.begin(exchangeOf({ target: '/v1/orders', headers: ASKS }).head)
    return { core, exchange }
  }

  const policies: [name: string, policy: object, isCoded: boolean][] = [
    ['compresses where it is on', ON, true],
    ['does not where nothing is said', {}, false],
    ['does not while the API is being adopted', { ...ON, adopt: { untilMs: 1 } }, false],
  ]
  for (const [name, policy, isCoded] of policies) {
    test(name, async () => {
      const { core, exchange } = begun(policy)
      await core.decideHead(exchange)
      const verdict = await core.decideResponseHead(exchange, 200, JSON_TYPE)
      assert.equal(verdict.kind === 'stream' && verdict.coded !== undefined, isCoded)
    })
  }

  test('compresses anew what the API had compressed', async () => {
    const { core, exchange } = begun(ON)
    await core.decideHead(exchange)
    await core.decideResponseHead(exchange, 200, [...JSON_TYPE, 'Content-Encoding', 'gzip'])
    const { headers, body } = await core.decideResponseBody(exchange, gzipSync(TEXT, { level: 9 }))
    assert.deepEqual(valuesOf(headers, 'content-encoding'), ['gzip'])
    assert.ok(gunzipSync(body as Buffer).equals(TEXT))
  })
})
