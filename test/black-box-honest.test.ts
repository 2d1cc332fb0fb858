import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { Readable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Ask, Got } from './kit/ask.ts'
import { exchange } from './kit/wire.ts'
import { guardLibrary } from './library/behind-gateway.ts'
import type { GuardedLibrary } from './library/behind-gateway.ts'
import { LOGIN, NEWS_PAUSE_MS, TEXT_BYTES, textOfBook } from './library/library.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`over ${transport}`, () => {
    const BOOK = '/v2/books/9780140449136'
    const NEW_BOOK = {
      title: 'Momo',
      isbn: '9783522202107',
      authors: [{ name: 'Michael Ende', born: 1929 }],
      published: 1973,
      price: 14.99,
      format: { kind: 'print', pages: 304 },
    }
    const LOAN = { memberId: 7, copies: [{ isbn: NEW_BOOK.isbn, days: 14 }], note: null }

    let lib: GuardedLibrary
    /** The entity tag of the book, as the library itself says it. */
    let etag = ''

    before(async () => {
      lib = await guardLibrary({ transport })
      etag = (await lib.direct.ask({ target: BOOK })).headers.get('etag') ?? ''
    })
    after(() => lib.close())

    /** The same request through the gateway, with the key that the document asks for. */
    const through = (plan: Ask): Promise<Got> =>
      lib.through.ask({ ...plan, headers: { 'x-library-card': lib.key, ...plan.headers } })

    /** Fields of an answer that an honest client acts on. */
    const MATTERS = [
      'content-type',
      'content-disposition',
      'content-range',
      'accept-ranges',
      'etag',
      'link',
      'x-total-count',
      'vary',
    ]

    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const calls: readonly [name: string, plan: () => Ask, status: number][] = [
      ['a list', () => ({ target: '/v2/books' }), 200],
      ['a page of it', () => ({ target: '/v2/books?page=3&size=2' }), 200],
      [
        'parameters of every style',
        () => ({
          target:
            '/v2/books?genre=novel&author=F.%20Dostoevsky&author=M%C3%BCller&published[from]=1800&published[to]=1900',
        }),
        200,
      ],
      ['a nested body', () => ({ method: 'POST', target: '/v2/books', body: NEW_BOOK }), 201],
      [
        'a body with the other branch of a choice',
        () => ({
          method: 'POST',
          target: '/v2/books',
          body: { ...NEW_BOOK, format: { kind: 'file', bytes: 5_000_000_000 } },
        }),
        201,
      ],
      ['one object', () => ({ target: BOOK }), 200],
      ['an object that is not there', () => ({ target: '/v2/books/9780000000000' }), 404],
      ['a HEAD request', () => ({ method: 'HEAD', target: BOOK }), 200],
      ['a HEAD request for a download', () => ({ method: 'HEAD', target: `${BOOK}/text` }), 200],
      [
        'a conditional GET of what did not change',
        () => ({ target: BOOK, headers: { 'if-none-match': etag } }),
        304,
      ],
      [
        'a conditional GET of what did change',
        () => ({ target: BOOK, headers: { 'if-none-match': '"old"' } }),
        200,
      ],
      [
        'a conditional change',
        () => ({
          method: 'PATCH',
          target: BOOK,
          headers: { 'if-match': etag, 'content-type': 'application/merge-patch+json' },
          body: '{ "title": "Crime", "shelf": null }',
        }),
        200,
      ],
      [
        'a conditional change that comes too late',
        () => ({
          method: 'PATCH',
          target: BOOK,
          headers: { 'if-match': '"old"', 'content-type': 'application/merge-patch+json' },
          body: '{"title":"Crime"}',
        }),
        412,
      ],
      ['a download', () => ({ target: `${BOOK}/text` }), 200],
      [
        'a part of a download',
        () => ({ target: `${BOOK}/text`, headers: { range: 'bytes=1000-1999' } }),
        206,
      ],
      [
        'an upload',
        () => ({
          method: 'PUT',
          target: `${BOOK}/cover`,
          headers: { 'content-type': 'image/png' },
          body: Buffer.from('89504e470d0a1a0a0000000d', 'hex'),
        }),
        204,
      ],
      [
        'a form',
        () => ({
          method: 'POST',
          target: '/v2/members',
          headers: form,
          body: 'name=%C3%9Cnal+%C3%96z&email=unal%40town.example&interests=chess&interests=bees&age=41',
        }),
        201,
      ],
      [
        'a login',
        () => ({
          method: 'POST',
          target: '/v2/sessions',
          body: { email: 'unal@town.example', password: LOGIN.password },
        }),
        200,
      ],
      [
        'a login that fails',
        () => ({
          method: 'POST',
          target: '/v2/sessions',
          body: { email: 'unal@town.example', password: 'mistyped-it' },
        }),
        401,
      ],
      ['a member', () => ({ target: '/v2/members/7' }), 200],
      ['a loan', () => ({ method: 'POST', target: '/v2/loans', body: LOAN }), 201],
      [
        'the end of a loan',
        () => ({ method: 'DELETE', target: '/v2/loans/1b4e28ba-2fa1-41d2-883f-0016d3cca427' }),
        204,
      ],
      [
        'a text',
        () => ({
          method: 'POST',
          target: '/v2/notes',
          headers: { 'content-type': 'text/plain; charset=UTF-8' },
          body: 'Grüße; thanks for the bees',
        }),
        202,
      ],
    ]

    function sameLength(length: string | undefined, own: Got): void {
      const said = own.headers.get('content-length')
      if (said !== undefined) assert.equal(length, said)
    }

    suite('honest traffic passes unchanged', () => {
      for (const [name, plan, status] of calls) {
        test(name, async () => {
          const own = await lib.direct.ask(plan())
          const got = await through(plan())
          assert.equal(own.status, status, 'the library itself')
          assert.equal(got.status, own.status, got.text)
          assert.ok(got.body.equals(own.body), `other bytes: ${got.text.slice(0, 500)}`)
          // Of a body that a filter might change, HEAD says no length (RFC 9110 section 9.3.2 lets it).
          const length = got.headers.get('content-length')
          if (own.body.length > 0 || plan().method !== 'HEAD') sameLength(length, own)
          for (const name of MATTERS)
            assert.equal(got.headers.get(name), own.headers.get(name), name)
          assert.match(got.headers.get('sallyport-request-id') ?? '', /^[0-9a-f]{32}$/)
        })
      }

      test('what the library gets of a body is what was sent, to the byte', async () => {
        const text = `{ "memberId" : 7,\n\t"copies":[{"days":14,"isbn":"9783522202107"}], "note":"\\u00fc" }`
        const headers = { 'content-type': 'application/json' }
        await through({ method: 'POST', target: '/v2/loans', headers, body: text })
        assert.equal(lib.upstream.seen.at(-1)?.body.toString(), text)
      })

      test('a Location of the library leads to the gateway', async () => {
        const got = await through({ method: 'POST', target: '/v2/books', body: NEW_BOOK })
        assert.equal(got.headers.get('location'), `/v2/books/${NEW_BOOK.isbn}`)
      })

      test('a cacheable public answer stays cacheable, an answer to a key does not', async () => {
        const open = await lib.through.ask({ target: BOOK })
        const closed = await through({ target: '/v2/members/7' })
        assert.equal(open.headers.get('cache-control'), 'public, max-age=60')
        assert.equal(closed.headers.get('cache-control'), 'no-store')
      })

      test('every forwarded request carries the id that its answer carries', async () => {
        const got = await through({ target: BOOK })
        const { rawHeaders } = lib.upstream.seen.at(-1)!
        const at = rawHeaders.findIndex((part) => part.toLowerCase() === 'sallyport-request-id')
        assert.equal(rawHeaders[at + 1], got.headers.get('sallyport-request-id'))
      })
    })

    suite('answers that take their time', () => {
      test('the first event arrives long before the last', async () => {
        const answer = await lib.through.open({
          target: '/v2/news',
          headers: { 'x-library-card': lib.key },
        })
        const times: number[] = []
        let text = ''
        for await (const piece of answer) {
          times.push(Date.now())
          text += String(piece)
        }
        assert.equal(
          text,
          [1, 2, 3].map((number) => `id: ${number}\ndata: event ${number}\n\n`).join(''),
        )
        assert.ok(times.at(-1)! - times[0]! > NEWS_PAUSE_MS, 'the events came together')
      })

      test('a download streams: its first piece comes while the library still writes', async () => {
        const started = Date.now()
        const answer = await lib.through.open({
          target: `${BOOK}/text`,
          headers: { 'x-library-card': lib.key },
        })
        let firstMs: number | undefined
        const pieces: Buffer[] = []
        for await (const piece of answer) {
          firstMs ??= Date.now() - started
          pieces.push(piece as Buffer)
        }
        assert.ok(firstMs! < NEWS_PAUSE_MS, `the first piece after ${firstMs} ms`)
        assert.ok(Buffer.concat(pieces).equals(textOfBook()))
      })
    })

    suite('spellings of HTTP that honest clients use', () => {
      test('gzip is asked for and the same list comes', async () => {
        const got = await through({ target: '/v2/books', headers: { 'accept-encoding': 'gzip' } })
        const plain = await lib.direct.ask({ target: '/v2/books' })
        const body =
          got.headers.get('content-encoding') === 'gzip' ? gunzipSync(got.body) : got.body
        assert.equal(got.status, 200)
        assert.ok(body.equals(plain.body))
      })

      test('a chunked body', async () => {
        const text = JSON.stringify(LOAN)
        const pieces = [text.slice(0, 10), text.slice(10, 11), text.slice(11)]
        const got = await through({
          method: 'POST',
          target: '/v2/loans',
          headers: { 'content-type': 'application/json' },
          body: Readable.from(pieces.map((piece) => Buffer.from(piece))),
        })
        assert.equal(got.status, 201, got.text)
        assert.equal(lib.upstream.seen.at(-1)?.body.toString(), text)
      })

      test('Expect: 100-continue is answered before the body is sent', async () => {
        let isInvited = false
        const got = await through({
          method: 'POST',
          target: '/v2/loans',
          headers: { expect: '100-continue' },
          body: LOAN,
          onContinue: () => {
            isInvited = true
          },
        })
        assert.equal(got.status, 201)
        assert.ok(isInvited)
      })

      test('two requests on one connection, and two that were sent at once', async () => {
        const one = `GET ${BOOK} HTTP/1.1\r\nHost: {host}\r\n\r\n`
        const target = { port: lib.gateway.httpsPort, ca: lib.gateway.ca }
        const { answers, isClosed } = await exchange(target, one + one, { want: 2 })
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200],
        )
        assert.equal(isClosed, false)
        assert.equal(answers[0]?.text, answers[1]?.text)
      })

      test('HTTP/1.0', async () => {
        const text = `GET ${BOOK} HTTP/1.0\r\nHost: {host}\r\n\r\n`
        const target = { port: lib.gateway.httpsPort, ca: lib.gateway.ca }
        const { answers, isClosed } = await exchange(target, text)
        assert.equal(answers[0]?.status, 200)
        assert.ok(isClosed)
      })

      test('HTTP/2: a list, a body, a download and an event stream at once on one connection', async () => {
        const base = `https://localhost:${lib.gateway.httpsPort}`
        const session = connect(base, { ca: lib.gateway.ca })
        const ask = (headers: Record<string, string>, body?: string) =>
          new Promise<{ status: unknown; body: Buffer }>((resolve, reject) => {
            const stream = session.request({ 'x-library-card': lib.key, ...headers })
            const pieces: Buffer[] = []
            let status: unknown
            stream.on('response', (fields) => {
              status = fields[':status']
            })
            stream.on('data', (piece: Buffer) => pieces.push(piece))
            stream.on('end', () => resolve({ status, body: Buffer.concat(pieces) }))
            stream.on('error', reject)
            stream.end(body)
          })
        const json = { ':method': 'POST', 'content-type': 'application/json' }
        const [list, loan, text, news, head] = await Promise.all([
          ask({ ':path': '/v2/books' }),
          ask({ ':path': '/v2/loans', ...json }, JSON.stringify(LOAN)),
          ask({ ':path': `${BOOK}/text` }),
          ask({ ':path': '/v2/news' }),
          ask({ ':path': BOOK, ':method': 'HEAD' }),
        ])
        session.close()
        const own = await lib.direct.ask({ target: '/v2/books' })
        assert.deepEqual(
          [list, loan, text, news, head].map(({ status }) => status),
          [200, 201, 200, 200, 200],
        )
        assert.ok(list.body.equals(own.body))
        assert.equal(text.body.length, TEXT_BYTES)
        assert.match(news.body.toString(), /event 3/)
      })
    })
  })
}
