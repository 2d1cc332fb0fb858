import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { after, before, beforeEach, afterEach, suite, test } from 'node:test'
import type { Got } from './kit/ask.ts'
import { gotOf } from './kit/ask.ts'
import { assertRefusal } from './kit/problem.ts'
import { until } from './kit/until.ts'
import { guardLibrary } from './library/behind-gateway.ts'
import type { GuardedLibrary } from './library/behind-gateway.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`over ${transport}`, () => {
    const MEMBER = '/v2/members/7'
    const LOAN = '{"memberId":7,"copies":[{"isbn":"9783522202107","days":7}]}'

    let lib: GuardedLibrary
    let session: ClientHttp2Session

    before(async () => {
      lib = await guardLibrary({ transport })
    })
    after(() => lib.close())
    beforeEach(() => {
      session = connect(`https://localhost:${lib.gateway.httpsPort}`, { ca: lib.gateway.ca })
      session.on('error', () => {})
    })
    afterEach(() => session.destroy())

    /** One request; rejects where the stream is reset. */
    function ask(headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Got> {
      return new Promise((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined })
        const pieces: Buffer[] = []
        let status = 0
        let raw: string[] = []
        stream.on('response', (fields) => {
          status = Number(fields[':status'])
          raw = Object.entries(fields).flatMap(([name, value]) => [name, String(value)])
        })
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('end', () => resolve(gotOf(status, raw, Buffer.concat(pieces))))
        stream.on('error', (error) => {
          const body = Buffer.concat(pieces)
          const length = raw[raw.indexOf('content-length') + 1]
          // RFC 9113 section 8.1.1: the answer to a malformed request may come whole before the reset.
          if (status === 400 && Number(length) === body.length) resolve(gotOf(status, raw, body))
          else reject(error)
        })
        if (body !== undefined) stream.end(body)
      })
    }

    const json = (body: string): [OutgoingHttpHeaders, string] => [
      {
        ':method': 'POST',
        ':path': '/v2/loans',
        'content-type': 'application/json',
        'x-library-card': lib.key,
      },
      body,
    ]

    suite('the same refusals over HTTP/2', () => {
      const refusals: readonly [
        name: string,
        () => [OutgoingHttpHeaders, (string | Buffer)?],
        number,
      ][] = [
        ['no credential', () => [{ ':path': MEMBER }], 401],
        ['an unknown path', () => [{ ':path': '/v2/hidden' }], 404],
        ['another method', () => [{ ':path': '/v2/books', ':method': 'DELETE' }], 405],
        ['an unknown parameter', () => [{ ':path': '/v2/books?debug=1' }], 400],
        ['an ambiguous path', () => [{ ':path': '/v2/../admin' }], 400],
        ['a fragment', () => [{ ':path': '/v2/books#a' }], 400],
        ['a field too much', () => json(LOAN.replace('}]}', ',"fine":0}]}')), 422],
        ['broken JSON', () => json('{'), 400],
        ['a body over the limit', () => json('a'.repeat(1_100_000)), 413],
        ['a method in small letters', () => [{ ':path': '/v2/books', ':method': 'get' }], 400],
        ['an unknown method', () => [{ ':path': '/v2/books', ':method': 'PROPFIND' }], 501],
        ['another host', () => [{ ':path': '/v2/books', ':authority': 'evil.example' }], 421],
        [
          'a Host beside another authority',
          () => [{ ':path': '/v2/books', ':authority': 'localhost', host: 'evil.example' }],
          400,
        ],
        [
          'a target over its length',
          () => [{ ':path': `/v2/books?author=${'a'.repeat(8200)}` }],
          414,
        ],
        ['a field over its length', () => [{ ':path': '/v2/books', 'x-a': 'a'.repeat(8200) }], 431],
        [
          'a method that a header asks for',
          () => [{ ':path': '/v2/books', 'x-http-method-override': 'DELETE' }],
          400,
        ],
        [
          'a key in the URL beside one in a header',
          () => [{ ':path': `${MEMBER}?token=a`, 'x-library-card': lib.key }],
          400,
        ],
      ]
      for (const [name, plan, status] of refusals) {
        test(`${name}: ${status}`, async () => {
          const before = lib.upstream.seen.length
          const [headers, body] = plan()
          assertRefusal(await ask(headers, body), status)
          assert.equal(lib.upstream.seen.length, before, 'the library heard of it')
        })
      }

      test('more fields than are taken never become a request', async () => {
        const before = lib.upstream.seen.length
        const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x-${i}`, 'a']))
        const got = await ask({ ':path': '/v2/books', ...many }).catch(() => undefined)
        if (got !== undefined) assertRefusal(got, 431)
        assert.equal(lib.upstream.seen.length, before)
      })
    })

    suite('honest HTTP/2', () => {
      test('one refused stream leaves the others alone', async () => {
        const [refused, served] = await Promise.all([
          ask({ ':path': MEMBER }),
          ask({ ':path': MEMBER, 'x-library-card': lib.key }),
        ])
        assert.deepEqual([refused.status, served.status], [401, 200])
      })

      test('a HEAD answer has no body and keeps its fields', async () => {
        const got = await ask({ ':path': '/v2/books/9780140449136', ':method': 'HEAD' })
        assert.deepEqual([got.status, got.body.length], [200, 0])
        assert.match(got.headers.get('etag') ?? '', /^"/)
      })

      test('the library gets it as HTTP/1.1 with one Host', async () => {
        await ask({ ':path': '/v2/books?page=%32', te: 'trailers' })
        const { rawHeaders, target } = lib.upstream.seen.at(-1)!
        const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
        assert.equal(target, '/v2/books?page=2')
        assert.equal(names.filter((name) => name === 'host').length, 1)
        assert.ok(!names.some((name) => name.startsWith(':') || name === 'te'))
      })

      test('a stream that the client resets is recorded', async () => {
        const stream = session.request({ ':path': '/v2/news', 'x-library-card': lib.key })
        stream.on('error', () => {})
        await new Promise((resolve) => stream.once('data', resolve))
        stream.close(8)
        const isRecorded = async (): Promise<boolean> =>
          (await lib.gateway.log()).some((line) => line['sallyport.aborted'] === 'client')
        assert.ok(await until(isRecorded))
      })
    })
  })
}
