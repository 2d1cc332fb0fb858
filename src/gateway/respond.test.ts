import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import * as fc from 'fast-check'
import { valueOf, valuesOf } from '../controls/testing/check.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import { HeaderTable } from '../http/header-table.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { SitePlan } from './plan.ts'
import { decompressed } from './content-coding.ts'
import { finalAnswer, hidesBody, isBodyless, streamAnswer } from './respond.ts'
import { allow, controlOf, planOf } from './testing/core-bench.ts'
import type { CoreParts } from './testing/core-bench.ts'

function answered(headers: readonly string[], status = 200, method = 'GET'): Exchange {
  const exchange = exchangeOf({ method })
  exchange.upstream = { status, headers: new HeaderTable(headers) }
  return exchange
}

function siteOf(parts: CoreParts = {}): SitePlan {
  return planOf(parts).sites[0]!
}

const SITE = siteOf()
const ADOPTING = siteOf({ policy: { adopt: { untilMs: 1 } } })
const TEXT = Buffer.from('{"id":1}')
const MAX = 10_000

suite('responses without a body', () => {
  const rows: [method: string, status: number, isWithout: boolean][] = [
    ['GET', 200, false],
    ['GET', 404, false],
    ['POST', 206, false],
    ['HEAD', 200, true],
    ['HEAD', 500, true],
    ['GET', 204, true],
    ['GET', 205, true],
    ['GET', 304, true],
  ]
  for (const [method, status, isWithout] of rows) {
    test(`${status} to ${method} has ${isWithout ? 'none' : 'one'}`, () => {
      const exchange = answered([], status, method)
      assert.equal(isBodyless(exchange, exchange.upstream!), isWithout)
    })
  }
})

suite('what an answer tells of a body that is not sent', () => {
  const JSON_TYPE = ['Content-Type', 'application/json']
  const rows: [name: string, exchange: Exchange, mayChange: boolean, isHidden: boolean][] = [
    ['GET that nobody reads', answered(JSON_TYPE), false, false],
    ['GET without a type that nobody reads', answered([]), false, false],
    ['HEAD of what would be changed', answered(JSON_TYPE, 200, 'HEAD'), true, true],
    ['HEAD of what would not', answered(JSON_TYPE, 200, 'HEAD'), false, false],
    ['HEAD that leaves its type out', answered([], 200, 'HEAD'), false, true],
    ['HEAD of a failure', answered(JSON_TYPE, 404, 'HEAD'), false, true],
    ['304 of what would be changed', answered([], 304), true, true],
  ]
  for (const [name, exchange, mayChange, isHidden] of rows) {
    test(`${name}: ${isHidden ? 'nothing' : 'its length'}`, () => {
      assert.equal(hidesBody(exchange, exchange.upstream!, mayChange), isHidden)
    })
  }

  test('digests go with the length, the tag stays', () => {
    const digests = ['Content-Digest', 'sha-256=:x:', 'Repr-Digest', 'y', 'Content-MD5', 'z']
    const exchange = answered([...digests, 'Digest', 'v', 'ETag', '"w"'], 200, 'HEAD')
    const response = exchange.upstream!
    const { headers } = streamAnswer(exchange, SITE, { response, isHidden: true })
    const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
    assert.equal(names.filter((name) => /digest|md5/.test(name)).length, 0)
    assert.equal(valueOf(headers, 'etag'), '"w"')
  })
})

suite('content codings', () => {
  const codings: [name: string, coding: string, bytes: Buffer][] = [
    ['gzip', 'gzip', gzipSync(TEXT)],
    ['its old name', 'x-gzip', gzipSync(TEXT)],
    ['any case and space', ' GZip ', gzipSync(TEXT)],
    ['deflate', 'deflate', deflateSync(TEXT)],
    ['deflate without its wrapper', 'deflate', deflateRawSync(TEXT)],
    ['br', 'br', brotliCompressSync(TEXT)],
    ['zstd', 'zstd', zstdCompressSync(TEXT)],
    ['identity', 'identity', TEXT],
    ['an empty field', '', TEXT],
  ]
  for (const [name, coding, bytes] of codings) {
    test(`${name} is undone`, () => {
      const exchange = answered(['Content-Encoding', coding])
      assert.equal(decompressed(exchange, bytes, MAX)?.toString(), TEXT.toString())
    })
  }

  test('without a field the bytes stay', () => {
    assert.equal(decompressed(answered([]), TEXT, MAX), TEXT)
    assert.equal(decompressed(exchangeOf(), TEXT, MAX), TEXT)
  })

  test('nothing is nothing in any coding', () => {
    const empty = Buffer.alloc(0)
    assert.equal(decompressed(answered(['Content-Encoding', 'gzip']), empty, MAX), empty)
  })

  const bad: [name: string, headers: string[], bytes: Buffer][] = [
    ['a coding nobody knows', ['Content-Encoding', 'compress'], TEXT],
    ['two codings', ['Content-Encoding', 'gzip, br'], gzipSync(TEXT)],
    [
      'two codings in two fields',
      ['Content-Encoding', 'gzip', 'Content-Encoding', 'br'],
      gzipSync(TEXT),
    ],
    [
      'a coding behind identity',
      ['Content-Encoding', 'identity', 'Content-Encoding', 'gzip'],
      gzipSync(TEXT),
    ],
    ['a name of Object', ['Content-Encoding', 'constructor'], TEXT],
    ['plain text that says gzip', ['Content-Encoding', 'gzip'], TEXT],
    ['plain text that says br', ['Content-Encoding', 'br'], TEXT],
    ['plain text that says deflate', ['Content-Encoding', 'deflate'], TEXT],
    ['plain text that says zstd', ['Content-Encoding', 'zstd'], TEXT],
    ['gzip cut short', ['Content-Encoding', 'gzip'], gzipSync(TEXT).subarray(0, -6)],
    ['one byte that says deflate', ['Content-Encoding', 'deflate'], Buffer.from([0x78])],
  ]
  for (const [name, headers, bytes] of bad) {
    test(`${name} cannot be undone`, () =>
      assert.equal(decompressed(answered(headers), bytes, MAX), undefined))
  }

  const bomb = Buffer.alloc(50_000_000)
  const bombs: [name: string, coding: string, bytes: Buffer][] = [
    ['gzip', 'gzip', gzipSync(bomb)],
    ['deflate', 'deflate', deflateSync(bomb)],
    ['br', 'br', brotliCompressSync(bomb)],
    ['zstd', 'zstd', zstdCompressSync(bomb)],
  ]
  for (const [name, coding, bytes] of bombs) {
    test(`a bomb in ${name} bursts nothing`, () => {
      assert.ok(bytes.length < 100_000, 'a small message')
      const before = process.memoryUsage().arrayBuffers
      const exchange = answered(['Content-Encoding', coding])
      assert.equal(decompressed(exchange, bytes, MAX), undefined)
      assert.ok(process.memoryUsage().arrayBuffers - before < 5_000_000, 'was inflated')
    })
  }

  test('the limit is exact', () => {
    const exchange = answered(['Content-Encoding', 'gzip'])
    const bytes = gzipSync(Buffer.alloc(MAX))
    assert.equal(decompressed(exchange, bytes, MAX)?.length, MAX)
    assert.equal(decompressed(exchange, bytes, MAX - 1), undefined)
  })

  test('any bytes in any coding give bytes within the limit, or nothing', () => {
    const coding = fc.constantFrom('gzip', 'deflate', 'br', 'zstd', 'identity', 'x')
    fc.assert(
      fc.property(coding, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
        const found = decompressed(answered(['Content-Encoding', name]), Buffer.from(bytes), 1000)
        assert.ok(found === undefined || found.length <= 1000)
      }),
    )
  })
})

const FIELDS = (
  'Content-Type: application/json|ETag: "1"|Content-Length: 8|Digest: a|Repr-Digest: b|Content-Digest: c|' +
  'Content-MD5: d|Accept-Ranges: bytes|Content-Range: bytes 0-7/8|X-Own: 1'
).split(/: |[|]/)

suite('fields of answers', () => {
  const rows: [
    name: string,
    site: SitePlan,
    coding: string | undefined,
    replacement: string | undefined,
    kept: string[],
  ][] = [
    [
      'all stay while the bytes stay',
      SITE,
      undefined,
      undefined,
      [
        'content-type',
        'etag',
        'digest',
        'repr-digest',
        'content-digest',
        'content-md5',
        'accept-ranges',
        'content-range',
        'x-own',
      ],
    ],
    [
      'what speaks of coded bytes goes with the coding',
      SITE,
      'gzip',
      undefined,
      ['content-type', 'etag', 'content-range', 'x-own'],
    ],
    ['what speaks of other bytes goes', SITE, undefined, '{}', ['content-type', 'x-own']],
    ['the same for a body that was coded', SITE, 'gzip', '{}', ['content-type', 'x-own']],
    ['a body that was left out has no type', SITE, undefined, '', ['x-own']],
    [
      'while an API is being adopted the coding stays too',
      ADOPTING,
      'gzip',
      undefined,
      [
        'content-encoding',
        'content-type',
        'etag',
        'digest',
        'repr-digest',
        'content-digest',
        'content-md5',
        'accept-ranges',
        'content-range',
        'x-own',
      ],
    ],
  ]
  for (const [name, site, coding, replacement, kept] of rows) {
    test(name, () => {
      const exchange = answered([
        ...(coding === undefined ? [] : ['Content-Encoding', coding]),
        ...FIELDS,
      ])
      if (replacement !== undefined) exchange.replacement = Buffer.from(replacement)
      const bytes = { plain: TEXT, sent: coding === undefined ? TEXT : gzipSync(TEXT) }
      const answer = finalAnswer(exchange, site, bytes)
      const names = answer.headers.filter((_, index) => index % 2 === 0 && index > 1)
      assert.deepEqual(names, kept)
      assert.equal(exchange.status, 200)
    })
  }

  test('the body is the replacement, or what was sent, or what came out of the coding', () => {
    const sent = gzipSync(TEXT)
    const coded = (): Exchange => answered(['Content-Encoding', 'gzip'])
    assert.equal(finalAnswer(coded(), SITE, { plain: TEXT, sent }).body, TEXT)
    assert.equal(finalAnswer(coded(), ADOPTING, { plain: TEXT, sent }).body, sent)
    assert.equal(finalAnswer(answered([]), SITE, { plain: TEXT, sent: TEXT }).body, TEXT)
    const replaced = coded()
    replaced.replacement = Buffer.from('new')
    assert.equal(finalAnswer(replaced, ADOPTING, { plain: TEXT, sent }).body, replaced.replacement)
  })

  test('fields of the connection stay behind, with those that Connection names', () => {
    const connections: [value: string[], kept: boolean][] = [
      [['keep-alive'], true],
      [['close'], true],
      [['X-Private'], false],
      [['keep-alive', 'x-private'], false],
      [['keep-alive, X-PRIVATE'], false],
    ]
    for (const [values, isKept] of connections) {
      const fields = values.flatMap((value) => ['Connection', value])
      const exchange = answered([...fields, 'X-Private', '1', 'Keep-Alive', '5', 'Upgrade', 'h2c'])
      const { headers } = streamAnswer(exchange, SITE, {
        response: exchange.upstream!,
        isHidden: false,
      })
      assert.equal(valueOf(headers, 'x-private') !== undefined, isKept, values.join())
      for (const name of ['connection', 'keep-alive', 'upgrade'])
        assert.equal(valueOf(headers, name), undefined)
    }
  })

  test('the same fields are judged anew under another plan and beside another body', () => {
    const strict = siteOf({
      controls: [allow, controlOf({ dropsResponseHeader: (name) => name === 'etag' })],
    })
    const first = answered(['ETag', '"a"', 'Digest', 'd'])
    const second = answered(['ETag', '"b"'])
    const rows: [exchange: Exchange, site: SitePlan, isHidden: boolean, kept: string[]][] = [
      [first, SITE, false, ['"a"', 'd']],
      [first, SITE, false, ['"a"', 'd']],
      [first, SITE, true, ['"a"']],
      [first, strict, false, ['d']],
      [second, strict, false, []],
      [second, SITE, false, ['"b"']],
      [first, SITE, false, ['"a"', 'd']],
    ]
    for (const [exchange, site, isHidden, kept] of rows) {
      const response = exchange.upstream!
      const { headers } = streamAnswer(exchange, site, { response, isHidden })
      assert.deepEqual([...valuesOf(headers, 'etag'), ...valuesOf(headers, 'digest')], kept)
    }
  })

  test('duplicates stay, and what guards drop goes', () => {
    const site = siteOf({
      controls: [allow, controlOf({ dropsResponseHeader: (name) => name === 'server' })],
    })
    const exchange = answered(['Set-Cookie', 'a', 'Server', 'x', 'Set-Cookie', 'b'], 404)
    const { headers, status, close } = streamAnswer(exchange, site, {
      response: exchange.upstream!,
      isHidden: false,
    })
    assert.deepEqual(valuesOf(headers, 'set-cookie'), ['a', 'b'])
    assert.equal(valueOf(headers, 'server'), undefined)
    assert.equal(status, 404)
    assert.equal(exchange.status, 404)
    assert.equal(close, false)
  })

  test("the gateway's own fields come first", () => {
    const exchange = answered(['Sallyport-Request-Id', 'forged'])
    const { headers } = streamAnswer(exchange, SITE, {
      response: exchange.upstream!,
      isHidden: false,
    })
    assert.equal(valueOf(headers, 'sallyport-request-id'), exchange.id)
  })
})
