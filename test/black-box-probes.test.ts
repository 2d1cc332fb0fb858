import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Ask, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { LogLine } from './kit/gateway.ts'
import type { WantedFields } from './kit/problem.ts'
import { assertFields, assertRefusal, clientAddress, pointersOf } from './kit/problem.ts'
import { until } from './kit/until.ts'
import { exchange } from './kit/wire.ts'
import type { ExchangeOptions } from './kit/wire.ts'
import { guardLibrary } from './library/behind-gateway.ts'
import type { GuardedLibrary } from './library/behind-gateway.ts'
import { INSIDE } from './library/oddities.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`over ${transport}`, () => {
    const BOOK = '/v2/books/9780140449136'
    const MEMBER = '/v2/members/7'
    const DAY_MS = 86_400_000
    const NEW_BOOK = {
      title: 'Momo',
      isbn: '9783522202107',
      authors: [{ name: 'Michael Ende', born: 1929 }],
      format: { kind: 'print', pages: 304 },
    }

    let lib: GuardedLibrary
    let revoked = ''
    let expired = ''
    /** Each probe comes from an address of its own. */
    let client = 0

    before(async () => {
      lib = await guardLibrary({ transport })
      const { key, id } = await lib.gateway.createKey()
      await lib.gateway.revokeKey(id)
      revoked = key
      expired = (await lib.gateway.createKey({}, Date.now() - 100 * DAY_MS)).key
    })
    after(() => lib.close())

    const nextClient = (): string => clientAddress(20, client++)
    /** Every answer that a client got, for the log at the end. */
    const answered: Got[] = []
    const ask = async (plan: Ask): Promise<Got> => {
      const got = await lib.through.ask({ from: nextClient(), ...plan })
      answered.push(got)
      return got
    }
    const write = async (bytes: string, options?: ExchangeOptions): ReturnType<typeof exchange> => {
      const wire = { port: lib.gateway.httpsPort, ca: lib.gateway.ca, from: nextClient() }
      const found = await exchange(wire, bytes, options)
      answered.push(...found.answers.filter(({ status }) => status >= 200))
      return found
    }
    const withKey = (plan: Ask): Ask => ({
      ...plan,
      headers: { 'x-library-card': lib.key, ...plan.headers },
    })

    /** Asks, and asserts that the library never heard of it. */
    async function refused(plan: Ask, status: number, fields?: WantedFields): Promise<Got> {
      const before = lib.upstream.seen.length
      const got = await ask(plan)
      assertRefusal(got, status, fields)
      assert.equal(lib.upstream.seen.length, before, 'the library heard of it')
      return got
    }

    type Probe = readonly [name: string, plan: () => Ask, status: number, fields?: WantedFields]

    function probes(list: readonly Probe[]): void {
      for (const [name, plan, status, fields] of list)
        test(name, async () => void (await refused(plan(), status, fields)))
    }

    const card = (value: string | readonly string[]): Ask => ({
      target: MEMBER,
      headers: { 'x-library-card': value as string },
    })
    const authorization = (value: string): Ask => ({
      target: MEMBER,
      headers: { authorization: value },
    })
    const CHALLENGE: WantedFields = {
      'www-authenticate': /^ApiKey realm="[^"]+"$/,
      'ratelimit-policy': undefined,
    }

    suite('credentials', () => {
      probes([
        ['none', () => ({ target: MEMBER }), 401, CHALLENGE],
        ['text that is no key', () => card('open sesame'), 401, CHALLENGE],
        ['an empty one', () => card(''), 401, CHALLENGE],
        ['a key with one letter changed', () => card(`${lib.key.slice(0, -1)}!`), 401, CHALLENGE],
        ['a key of another gateway', () => card(OTHER_KEY), 401, CHALLENGE],
        ['an expired key', () => card(expired), 401, CHALLENGE],
        ['a revoked key', () => card(revoked), 401, CHALLENGE],
        ['a key behind the wrong scheme', () => authorization(`Basic ${lib.key}`), 401, CHALLENGE],
        [
          'a token where no issuer is trusted',
          () => authorization(`Bearer ${JWT}`),
          401,
          CHALLENGE,
        ],
        ['a key in a cookie', () => ({ target: MEMBER, headers: { cookie: `k=${lib.key}` } }), 401],
        ['the same header twice', () => card([lib.key, lib.key]), 400],
        [
          'two kinds at once',
          () => ({
            target: MEMBER,
            headers: { 'x-library-card': lib.key, authorization: `Bearer ${lib.key}` },
          }),
          400,
        ],
        [
          'two Authorization fields',
          () => ({
            target: MEMBER,
            headers: { authorization: [`Bearer ${lib.key}`, 'Bearer x'] as unknown as string },
          }),
          400,
        ],
        [
          'text that is no key, in the URL',
          () => ({ target: `${MEMBER}?api_key=sesame` }),
          401,
          CHALLENGE,
        ],
        [
          'a header key and something in the URL',
          () => withKey({ target: `${MEMBER}?token=abc` }),
          400,
        ],
      ])

      test('a key in the query is refused and marked exposed', async () => {
        const { key, id } = await lib.gateway.createKey()
        await refused({ target: `${MEMBER}?api_key=${key}` }, 401, CHALLENGE)
        assert.ok(await isExposed(id))
      })

      test('a key in the path is refused and marked exposed', async () => {
        const { key, id } = await lib.gateway.createKey()
        await refused({ target: `/v2/members/${key}` }, 401, CHALLENGE)
        assert.ok(await isExposed(id))
      })

      test('a key in the URL of a public operation is marked exposed, and stands in no log', async () => {
        const { key, id } = await lib.gateway.createKey()
        await refused({ target: `/v2/books?author=${key}` }, 400)
        assert.ok(await isExposed(id))
        assert.ok(!(await lib.gateway.logText()).includes(key))
      })

      test('a key may stand in Authorization too', async () => {
        for (const scheme of ['Bearer', 'ApiKey', 'bearer']) {
          const got = await ask(authorization(`${scheme} ${lib.key}`))
          assert.equal(got.status, 200, got.text)
        }
      })

      test('the library never gets the key', async () => {
        await ask(withKey({ target: MEMBER }))
        assert.ok(!lib.upstream.seen.at(-1)!.rawHeaders.join('\n').includes(lib.key))
      })

      test('wrong, unknown, expired and revoked keys get the same answer', async () => {
        const answers: string[] = []
        for (const key of ['open sesame', OTHER_KEY, expired, revoked]) {
          const got = await ask(card(key))
          const id = got.headers.get('sallyport-request-id')!
          answers.push(`${got.names.join(' ')} ${got.text.replace(id, '')}`)
        }
        assert.equal(new Set(answers).size, 1, answers.join('\n'))
      })

      test('without a credential no body is asked for', async () => {
        const head =
          'POST /v2/loans HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n' +
          'Content-Length: 900000\r\nExpect: 100-continue\r\n\r\n'
        const { answers } = await write(head)
        assert.deepEqual(
          answers.map(({ status }) => status),
          [401],
        )
      })
    })

    function isExposed(id: string): Promise<boolean> {
      const { admin } = lib.gateway.running.gateway.services.keys
      return until(async () => (await admin.show(id))?.exposedAtMs !== undefined)
    }

    /** Well formed, of nobody. */
    const OTHER_KEY = 'sp_sk_live_aaaaaaaaaaaa_0000000000000000000000000000000000000000000_000000'
    const JWT = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIzIn0.c2lnbmF0dXJl'

    suite('paths and methods', () => {
      const ALLOW = { allow: /^GET, HEAD, POST$/ }
      probes([
        ['a path that nobody declared', () => ({ target: '/v2/debug' }), 404],
        ['the root', () => ({ target: '/' }), 404],
        ['a declared path without the base path', () => ({ target: '/books' }), 404],
        ['a declared path in other letters', () => ({ target: '/v2/Books' }), 404],
        ['a declared path with a slash at the end', () => ({ target: '/v2/books/' }), 404],
        ['a path below a declared one', () => ({ target: `${BOOK}/text/raw` }), 404],
        ['a parameter that cannot be valid', () => ({ target: '/v2/books/moby-dick' }), 404],
        ['a number out of its range', () => withKey({ target: '/v2/members/0' }), 404],
        ['a number that is none', () => withKey({ target: '/v2/members/7e2' }), 404],
        ['another method', () => ({ method: 'DELETE', target: '/v2/books' }), 405, ALLOW],
        [
          'PUT where PATCH is declared',
          () => ({ method: 'PUT', target: BOOK }),
          405,
          { allow: /^GET, HEAD, PATCH$/ },
        ],
        [
          'OPTIONS that is no preflight',
          () => ({ method: 'OPTIONS', target: '/v2/books' }),
          405,
          ALLOW,
        ],
        ['TRACE', () => ({ method: 'TRACE', target: '/v2/books' }), 405, { allow: /./ }],
        ['a method that nobody knows', () => ({ method: 'PROPFIND', target: '/v2/books' }), 501],
        [
          'a method that a header asks for',
          () => ({
            method: 'POST',
            target: '/v2/books',
            headers: { 'x-http-method-override': 'DELETE' },
          }),
          400,
        ],
      ])

      test('a hidden, an impossible and an unknown path cannot be told apart', async () => {
        const faces: string[] = []
        for (const target of ['/v2/debug', '/v2/members/0', '/v2/loans/none', '/v2/members/abc']) {
          const got = await ask(
            withKey({ target, method: target.includes('loans') ? 'DELETE' : 'GET' }),
          )
          assert.equal(got.status, 404)
          faces.push(`${got.names.join(' ')} ${got.body.length}`)
        }
        assert.equal(new Set(faces).size, 1, faces.join('\n'))
      })

      const ambiguous: readonly string[] = [
        '/v2/books/..%2fmembers',
        '/v2/members/../books',
        '/v2/%2e%2e/admin',
        '/v2/./books',
        '/v2/books/.',
        '/v2//books',
        '//v2/books',
        '/v2/books;x=1',
        '/v2/books%00',
        '/v2/books%2f',
        '/v2\\books',
        '/v2/books%5c',
        '/v2/%252e%252e/admin',
        '/v2/books/%c0%ae',
        '/v2/books/%zz',
        '/v2/books#part',
        '/v2/bo"oks',
      ]
      for (const path of ambiguous) {
        test(`the path ${path} is ambiguous`, async () => {
          const before = lib.upstream.seen.length
          const { answers } = await write(`GET ${path} HTTP/1.1\r\nHost: {host}\r\n\r\n`)
          assertRefusal(answers[0]!, 400)
          assert.equal(lib.upstream.seen.length, before)
        })
      }

      test('letters that were encoded for nothing are decoded before matching and forwarding', async () => {
        const got = await ask({ target: '/v2/%62ooks/%39780140449136' })
        assert.equal(got.status, 200)
        assert.equal(lib.upstream.seen.at(-1)!.target, BOOK)
      })
    })

    suite('parameters', () => {
      const query = (text: string): Ask => ({ target: `/v2/books?${text}` })
      const merge = { 'content-type': 'application/merge-patch+json' }
      probes([
        ['one that nobody declared', () => query('debug=1'), 400],
        ['one given twice', () => query('page=1&page=2'), 400],
        ['a word for a number', () => query('page=two'), 400],
        ['a number in another notation', () => query('page=0x10'), 400],
        ['a number over its limit', () => query('size=100000'), 400],
        ['a value that is not in the list', () => query('genre=war'), 400],
        [
          'too many values',
          () => query(Array.from({ length: 6 }, () => 'author=a').join('&')),
          400,
        ],
        ['a text over its length', () => query(`author=${'a'.repeat(41)}`), 400],
        ['a member that nobody declared', () => query('published[by]=1900'), 400],
        ['a member of the wrong type', () => query('published[from]=old'), 400],
        ['a name that reaches into prototypes', () => query('published[__proto__][x]=1'), 400],
        ['another such name', () => query('constructor=1'), 400],
        ['broken percent encoding', () => query('author=%zz'), 400],
        ['an overlong encoding', () => query('author=%c0%ae'), 400],
        [
          'a hundred and one of them',
          () => query(Array.from({ length: 101 }, () => 'author=a').join('&')),
          400,
        ],
        [
          'a required header that is missing',
          () => withKey({ method: 'PATCH', target: BOOK, headers: merge, body: '{"title":"a"}' }),
          400,
        ],
        [
          'a header over its length',
          () =>
            withKey({
              method: 'PATCH',
              target: BOOK,
              headers: { ...merge, 'if-match': 'x'.repeat(81) },
              body: '{"title":"a"}',
            }),
          400,
        ],
      ])

      test('the answer names the parameter, not its value', async () => {
        const got = await refused({ target: '/v2/books?page=hunter2&debug=hunter2' }, 400)
        assert.deepEqual(pointersOf(got).toSorted(), ['query/debug', 'query/page'])
        assert.ok(!got.text.includes('hunter2'))
      })
    })

    const post = (body: Ask['body'] & object, target = '/v2/books'): Ask =>
      withKey({ method: 'POST', target, body })
    const text = (body: string | Buffer | Readable, type = 'application/json'): Ask =>
      withKey({ method: 'POST', target: '/v2/books', headers: { 'content-type': type }, body })
    const book = (change: object): Ask => post({ ...NEW_BOOK, ...change })
    const inside = (piece: string): Ask =>
      text(JSON.stringify(NEW_BOOK).replace('"title":"Momo"', piece))

    suite('fields', () => {
      const copy = { isbn: NEW_BOOK.isbn, days: 7 }
      const loan = (change: object): Ask =>
        post({ memberId: 7, copies: [copy], ...change }, '/v2/loans')
      const cases: readonly [name: string, plan: () => Ask, pointer: string][] = [
        ['one that nobody declared', () => book({ isAdmin: true }), '/isAdmin'],
        [
          'one in an array item',
          () => book({ authors: [{ name: 'a' }, { name: 'b', isAdmin: true }] }),
          '/authors/1/isAdmin',
        ],
        [
          'one in a branch of oneOf',
          () => book({ format: { kind: 'print', pages: 3, drm: 1 } }),
          '/format/drm',
        ],
        [
          'one of the other branch',
          () => book({ format: { kind: 'print', pages: 3, bytes: 1 } }),
          '/format/bytes',
        ],
        ['one that only answers have', () => book({ addedAt: '2026-01-01T00:00:00Z' }), '/addedAt'],
        [
          'one in a nested array item',
          () => loan({ copies: [{ ...copy, fine: 0 }] }),
          '/copies/0/fine',
        ],
        ['a wrong type', () => book({ title: 5 }), '/title'],
        ['a number as text', () => loan({ memberId: '7' }), '/memberId'],
        ['a fraction', () => loan({ copies: [{ ...copy, days: 1.5 }] }), '/copies/0/days'],
        ['null where nothing allows it', () => book({ title: null }), '/title'],
        ['a text over its length', () => book({ title: 'a'.repeat(201) }), '/title'],
        ['a number over its limit', () => book({ price: 10_001 }), '/price'],
        ['a wrong pattern', () => book({ isbn: '123' }), '/isbn'],
        ['an empty list', () => book({ authors: [] }), '/authors'],
        ['a missing one', () => book({ isbn: undefined }), '/isbn'],
        ['an object for a list', () => book({ authors: { 0: { name: 'a' } } }), '/authors'],
        ['a choice that does not exist', () => book({ format: { kind: 'scroll' } }), '/format'],
        ['a list for an object', () => post([NEW_BOOK]), ''],
      ]
      for (const [name, plan, pointer] of cases) {
        test(name, async () => {
          const got = await refused(plan(), 422)
          assert.ok(
            pointersOf(got).some(
              (found) => found === pointer || found === pointer.replace(/\/[^/]*$/, ''),
            ),
            `${pointer} is not among ${pointersOf(got).join(' ')}`,
          )
        })
      }
      const form = (body: string): Ask => ({
        method: 'POST',
        target: '/v2/members',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
      probes([
        ['a form field that nobody declared', () => form('name=a&email=a%40b.example&id=1'), 422],
        ['a form field of the wrong format', () => form('name=a&email=nobody'), 422],
        ['a form field given twice', () => form('name=a&name=b&email=a%40b.example'), 400],
        ['a form field of the wrong type', () => form('name=a&email=a%40b.example&age=old'), 422],
        [
          'no body where one is needed',
          () => withKey({ method: 'POST', target: '/v2/books' }),
          422,
        ],
        [
          'a text over its length',
          () =>
            withKey({
              method: 'POST',
              target: '/v2/notes',
              headers: { 'content-type': 'text/plain' },
              body: 'a'.repeat(201),
            }),
          422,
        ],
      ])
    })

    suite('bodies that two parsers could read differently', () => {
      const deep = `${'['.repeat(40)}${']'.repeat(40)}`
      const MALFORMED: WantedFields = { connection: /keep-alive/ }
      probes([
        ['broken JSON', () => text('{"title":'), 400, MALFORMED],
        ['JSON with a comment', () => text(`${JSON.stringify(NEW_BOOK)}//x`), 400],
        ['data after the end', () => text(`${JSON.stringify(NEW_BOOK)}{}`), 400],
        ['a byte order mark', () => text(`\ufeff${JSON.stringify(NEW_BOOK)}`), 400],
        ['a key given twice', () => inside('"title":"a","title":"b"'), 400],
        ['a key given twice, once escaped', () => inside('"title":"a","\\u0074itle":"b"'), 400],
        ['a depth of forty', () => inside(`"title":${deep}`), 400],
        ['a depth of fifty thousand', () => text('['.repeat(50_000)), 400],
        ['NaN', () => inside('"title":"a","price":NaN'), 400],
        ['a number that no double holds', () => inside('"title":"a","price":1e999'), 400],
        [
          'an integer that no double holds exactly',
          () => inside('"title":"a","published":9007199254740993'),
          400,
        ],
        [
          'a number of a hundred digits',
          () => inside(`"title":"a","price":${'1'.repeat(100)}`),
          400,
        ],
        ['__proto__', () => inside('"title":"a","__proto__":{"isAdmin":true}'), 400],
        ['constructor', () => inside('"title":"a","constructor":{"prototype":{}}'), 400],
        ['half a surrogate pair', () => inside('"title":"\\ud800"'), 400],
        [
          'bytes that are no UTF-8',
          () => text(Buffer.from('7b227469746c65223a22ff227d', 'hex')),
          400,
        ],
        ['twenty thousand values', () => inside(`"title":[${'1,'.repeat(20_000)}1]`), 400],
        ['a raw control character', () => inside('"title":"a\u0001b"'), 400],
        [
          'a text that is no UTF-8',
          () =>
            withKey({
              method: 'POST',
              target: '/v2/notes',
              headers: { 'content-type': 'text/plain' },
              body: Buffer.from('ff', 'hex'),
            }),
          400,
        ],
        [
          'a body that nobody declared',
          () =>
            withKey({
              method: 'GET',
              target: MEMBER,
              headers: { 'content-length': 2, 'content-type': 'application/json' },
              body: '{}',
            }),
          400,
        ],
      ])
    })

    suite('media types and sizes', () => {
      const ACCEPT: WantedFields = { accept: /^application\/json$/ }
      const json = JSON.stringify(NEW_BOOK)
      const CLOSE: WantedFields = { connection: /close/, 'retry-after': undefined }
      probes([
        ['JSON that says it is text', () => text(json, 'text/plain'), 415, ACCEPT],
        [
          'JSON that says it is a form',
          () => text(json, 'application/x-www-form-urlencoded'),
          415,
          ACCEPT,
        ],
        ['XML', () => text('<book/>', 'application/xml'), 415, ACCEPT],
        ['another JSON type', () => text(json, 'application/vnd.api+json'), 415, ACCEPT],
        [
          'no type',
          () => withKey({ method: 'POST', target: '/v2/books', body: json }),
          415,
          ACCEPT,
        ],
        ['a type that is none', () => text(json, 'json'), 415, ACCEPT],
        ['UTF-7', () => text(json, 'application/json; charset=utf-7'), 415, ACCEPT],
        ['UTF-16', () => text(json, 'application/json; charset=utf-16le'), 415, ACCEPT],
        [
          'a compressed body',
          () => ({
            ...text(gzipSync(json)),
            headers: {
              'x-library-card': lib.key,
              'content-type': 'application/json',
              'content-encoding': 'gzip',
            },
          }),
          415,
          { 'accept-encoding': /identity/ },
        ],
        [
          'JSON where a form is declared',
          () => ({ method: 'POST', target: '/v2/members', body: { name: 'a' } }),
          415,
          { accept: /^application\/x-www-form-urlencoded$/ },
        ],
        [
          'a page as a picture',
          () =>
            withKey({
              method: 'PUT',
              target: `${BOOK}/cover`,
              headers: { 'content-type': 'text/html' },
              body: '<script>',
            }),
          415,
          { accept: /^image\/jpeg, image\/png$/ },
        ],
        ['a body over the limit', () => text(Buffer.alloc(1_100_000, 'a')), 413, CLOSE],
        [
          'a chunked body over the limit',
          () => text(Readable.from(chunksOver(1_100_000))),
          413,
          CLOSE,
        ],
        [
          'a streamed body over the limit',
          () =>
            withKey({
              method: 'PUT',
              target: `${BOOK}/cover`,
              headers: { 'content-type': 'image/png' },
              body: Buffer.alloc(1_100_000),
            }),
          413,
          CLOSE,
        ],
      ])

      test('a body over the limit is not asked for', async () => {
        const head =
          `POST /v2/loans HTTP/1.1\r\nHost: {host}\r\nX-Library-Card: ${lib.key}\r\n` +
          'Content-Type: application/json\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n'
        const { answers } = await write(head)
        assert.deepEqual(
          answers.map(({ status }) => status),
          [413],
        )
      })

      test('the type may be spelled as it likes', async () => {
        const got = await ask(text(json, 'Application/JSON; Charset="UTF-8"'))
        assert.equal(got.status, 201, got.text)
      })
    })

    function* chunksOver(bytes: number): Generator<Buffer> {
      for (let sent = 0; sent < bytes; sent += 50_000) yield Buffer.alloc(50_000, 'a')
    }

    suite('messages that do not become requests', () => {
      const line = 'GET /v2/books HTTP/1.1\r\nHost: {host}\r\n'
      const fields = (count: number): string =>
        Array.from({ length: count }, (_, i) => `X-F${i}: a\r\n`).join('')
      const POST =
        'POST /v2/members HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n'
      const messages: readonly [name: string, bytes: string, status: number][] = [
        [
          'a target over its length',
          `GET /v2/books?author=${'a'.repeat(8200)} HTTP/1.1\r\nHost: {host}\r\n\r\n`,
          414,
        ],
        ['a field over its length', `${line}X-A: ${'a'.repeat(8200)}\r\n\r\n`, 431],
        ['a hundred and one fields', `${line}${fields(100)}\r\n`, 431],
        ['two thousand fields', `${line}${fields(2000)}\r\n`, 431],
        [
          'fields over their length together',
          `${line}X-A: ${'a'.repeat(8000)}\r\nX-B: ${'b'.repeat(8000)}\r\nX-C: ${'c'.repeat(800)}\r\n\r\n`,
          431,
        ],
        ['a field of twenty thousand bytes', `${line}X-A: ${'a'.repeat(30_000)}\r\n\r\n`, 431],
        ['cookies over their length', `${line}Cookie: a=${'a'.repeat(4100)}\r\n\r\n`, 431],
        ['no Host', 'GET /v2/books HTTP/1.1\r\n\r\n', 400],
        ['two Hosts', `${line}Host: {host}\r\n\r\n`, 400],
        ['a Host with a user', 'GET /v2/books HTTP/1.1\r\nHost: a@{host}\r\n\r\n', 400],
        [
          'a target that names another host',
          'GET https://evil.example/v2/books HTTP/1.1\r\nHost: {host}\r\n\r\n',
          400,
        ],
        ['another Host', 'GET /v2/books HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
        [
          'a Host that the connection was not opened for',
          'GET /v2/books HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
          421,
        ],
        [
          'a length and chunks',
          `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
          400,
        ],
        ['two lengths', `${POST}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`, 400],
        ['a list of lengths', `${POST}Content-Length: 4, 4\r\n\r\nabcd`, 400],
        ['a length with a sign', `${POST}Content-Length: +4\r\n\r\nabcd`, 400],
        ['a length with a leading zero', `${POST}Content-Length: 04\r\n\r\nabcd`, 400],
        [
          'a coding before chunked',
          `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
          400,
        ],
        [
          'a coding that is not chunked',
          `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
          400,
        ],
        [
          'chunks in HTTP/1.0',
          `${POST.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
          400,
        ],
        ['a chunk size that is none', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
        ['a bare LF', 'GET /v2/books HTTP/1.1\nHost: {host}\n\n', 400],
        ['a blank before the colon', `${line}X-A : 1\r\n\r\n`, 400],
        ['a folded field', `${line}X-A: 1\r\n 2\r\n\r\n`, 400],
        ['a NUL in a field', `${line}X-A: 1\u00002\r\n\r\n`, 400],
        ['a framing field in disguise', `${line}Transfer_Encoding: chunked\r\n\r\n`, 400],
        [
          'Connection that names an end-to-end field',
          `${line}Connection: close, X-Forwarded-For\r\n\r\n`,
          400,
        ],
        ['an expectation that nobody knows', `${line}Expect: 200-ok\r\n\r\n`, 417],
        ['a method in small letters', line.replace('GET', 'get').concat('\r\n'), 400],
        ['CONNECT', 'CONNECT localhost:443 HTTP/1.1\r\nHost: {host}\r\n\r\n', 501],
        ['HTTP/0.9', 'GET /v2/books\r\n\r\n', 505],
        ['HTTP/3.7', line.replace('1.1', '3.7').concat('\r\n'), 505],
        ['the preface of HTTP/2 without its negotiation', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
        ['no HTTP at all', '\u0016\u0003\u0001\u0000\u0000\r\n\r\n', 400],
      ]
      for (const [name, bytes, status] of messages) {
        test(`${name}: ${status}, and the connection ends`, async () => {
          const before = lib.upstream.seen.length
          const { answers, isClosed } = await write(bytes, { closeMs: 1500 })
          assert.ok(answers.length > 0, 'no answer')
          if (status === 421) assertRefusal(answers[0]!, status)
          else assertRefusal(answers[0]!, status, { connection: /^close$/ })
          assert.equal(answers.length, 1)
          assert.ok(isClosed || status === 421, 'the connection stays open')
          assert.equal(lib.upstream.seen.length, before, 'the library heard of it')
        })
      }

      test('an answer to a smuggled second request never comes', async () => {
        const smuggled = `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${line}\r\n`
        const { answers } = await write(smuggled, { want: 2, waitMs: 500 })
        assert.equal(answers.length, 1)
      })
    })

    /** What the gateway says itself, whatever the client said. */
    const WRITTEN_ANEW = [
      'x-forwarded-for',
      'sallyport-request-id',
      'sallyport-identity',
      'connection',
    ]
    suite('what clients say in the name of a proxy', () => {
      test('never reaches the library', async () => {
        const lies = {
          'x-forwarded-for': '8.8.8.8',
          forwarded: 'for=8.8.8.8',
          'x-real-ip': '8.8.8.8',
          'x-original-url': '/admin',
          'x-user-id': '1',
          x_user_id: '1',
          'sallyport-identity': 'admin',
          'sallyport-request-id': 'mine',
          'x-envoy-internal': 'true',
          te: 'trailers',
          connection: 'x-private',
          'x-private': '1',
          'proxy-authorization': 'Basic abc',
        }
        const from = nextClient()
        const got = await ask({ target: BOOK, from, headers: lies })
        assert.equal(got.status, 200, got.text)
        const { rawHeaders } = lib.upstream.seen.at(-1)!
        const seen = new Map<string, string>()
        for (let i = 0; i < rawHeaders.length; i += 2)
          seen.set(rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!)
        assert.equal(seen.get('x-forwarded-for'), from)
        assert.equal(seen.get('x-forwarded-proto'), 'https')
        assert.notEqual(seen.get('sallyport-request-id'), 'mine')
        assert.notEqual(seen.get('sallyport-identity'), 'admin')
        for (const name of Object.keys(lies)) {
          if (WRITTEN_ANEW.includes(name)) continue
          assert.equal(seen.get(name), undefined, name)
        }
      })
    })

    suite('answers that must not leave', () => {
      const odd = async (how: string): Promise<Got> => {
        const got = await ask({ target: `/v2/odd/${how}` })
        assert.ok(!got.text.includes(INSIDE) && ![...got.headers.values()].join().includes(INSIDE))
        return got
      }
      const statuses: readonly [how: string, name: string, status: number][] = [
        ['odd-success', 'a success that nobody declared', 502],
        ['odd-refusal', 'a refusal that nobody declared', 409],
        ['odd-type', 'a media type that nobody declared', 502],
        ['no-json', 'JSON that is none', 502],
        ['trace-in-failure', 'a stack trace with 500', 502],
        ['trace-in-refusal', 'a stack trace with 400', 400],
        ['trace-in-success', 'a stack trace with 200', 502],
        ['unavailable', 'a failure of the library', 502],
        ['away', 'a redirect to the inside', 502],
      ]
      for (const [how, name, status] of statuses)
        test(name, async () => assertRefusal(await odd(how), status))

      test('fields that nobody declared, nested and write-only ones too', async () => {
        const got = await odd('extra-field')
        assert.deepEqual(got.json(), {
          fine: true,
          member: { id: 7, name: 'U', contact: { email: 'u@t.example' } },
        })
      })

      test('fields that reach into prototypes', async () => {
        assert.equal((await odd('prototype-field')).text, '{"fine":true}')
      })

      test('banners, debug fields, cookies that nobody declared', async () => {
        const got = await odd('banner')
        assertFields(got, {
          server: undefined,
          'x-powered-by': undefined,
          'x-debug': undefined,
          'set-cookie': undefined,
          'x-content-type-options': /^nosniff$/,
          'content-security-policy': /default-src 'none'/,
          'x-frame-options': /^DENY$/,
          'referrer-policy': /^no-referrer$/,
          'strict-transport-security': undefined,
        })
      })

      test('refusals have the protective fields as well', async () => {
        const got = await ask({ target: MEMBER })
        assertFields(got, {
          'x-content-type-options': /^nosniff$/,
          'content-security-policy': /default-src 'none'/,
          'x-frame-options': /^DENY$/,
          'cache-control': /^no-store$/,
        })
      })
    })

    suite('plain HTTP', () => {
      const plainAsk = async (plan: Ask): Promise<Got> => {
        const got = await asker(lib.gateway.httpPort).ask({ from: nextClient(), ...plan })
        answered.push(got)
        return got
      }

      test('a request without a credential is sent to HTTPS with its method', async () => {
        for (const method of ['GET', 'POST']) {
          const got = await plainAsk({ method, target: '/v2/books?page=2' })
          assert.equal(got.status, 308)
          assertFields(got, {
            location: /^https:\/\/localhost:8443\/v2\/books\?page=2$/,
            'sallyport-request-id': /^[0-9a-f]{32}$/,
            'strict-transport-security': undefined,
            connection: /^close$/,
          })
        }
      })

      const ways: readonly [name: string, headers: (key: string) => Record<string, string>][] = [
        ['Authorization', (key) => ({ authorization: `Bearer ${key}` })],
        ['the header of the document', (key) => ({ 'x-library-card': key })],
        ['X-API-Key', (key) => ({ 'x-api-key': key })],
      ]
      for (const [name, headers] of ways) {
        test(`a key in clear in ${name} is refused and marked exposed`, async () => {
          const { key, id } = await lib.gateway.createKey()
          const got = await plainAsk({ target: MEMBER, headers: headers(key) })
          assertRefusal(got, 403, { connection: /^close$/, location: undefined })
          assert.ok(await isExposed(id))
        })
      }

      test('a key in clear in the URL is refused, marked exposed and not repeated', async () => {
        const { key, id } = await lib.gateway.createKey()
        const got = await plainAsk({ target: `${MEMBER}?api_key=${key}` })
        assertRefusal(got, 403, { connection: /^close$/, location: undefined })
        assert.ok(await isExposed(id))
      })

      test('an open redirect is not to be had', async () => {
        const got = await plainAsk({ target: '/v2/books', headers: { host: 'evil.example' } })
        assertRefusal(got, 421)
      })
    })

    suite('the log of all this', () => {
      test('has one access record for each answer, with its status', async () => {
        const records = async (): Promise<readonly LogLine[]> =>
          (await lib.gateway.log()).filter((line) => line['event.dataset'] === 'sallyport.access')
        // A record is written when its answer has left, which may be after it arrived.
        await until(async () => (await records()).length >= answered.length)
        const access = await records()
        const statusOf = new Map(
          access.map((line) => [line['http.request.id'], line['http.response.status_code']]),
        )
        assert.ok(answered.length > 190, `only ${answered.length} answers`)
        for (const { headers, status } of answered)
          assert.equal(statusOf.get(headers.get('sallyport-request-id')), status)
        assert.equal(statusOf.size, access.length, 'two records with one id')
        const ids = new Set(answered.map(({ headers }) => headers.get('sallyport-request-id')))
        // A request whose body turns out to be no HTTP ends without an answer of its own.
        const others = access.filter((line) => !ids.has(String(line['http.request.id'])))
        for (const line of others)
          assert.deepEqual(
            [line['sallyport.aborted'], line['http.response.status_code']],
            ['client', 0],
          )
        assert.ok(others.length < 3)
      })

      test('holds what the library betrayed only where its errors are told', async () => {
        const betrayed = (await lib.gateway.log()).filter((line) =>
          JSON.stringify(line).includes(INSIDE),
        )
        assert.ok(betrayed.length > 0)
        for (const line of betrayed) assert.equal(line['sallyport.control'], 'errors')
      })

      test('holds no key and no token', async () => {
        const text = await lib.gateway.logText()
        for (const secret of [lib.key, revoked, expired, OTHER_KEY, JWT]) {
          assert.ok(!text.includes(secret), secret)
          const parts = secret.split(/[._]/).filter((part) => part.length > 16)
          for (const part of parts) assert.ok(!text.includes(part), part)
        }
      })

      test('tells of no fault of the gateway itself', async () => {
        const faults = (await lib.gateway.log()).filter((line) =>
          /^sp_(?:control_fault|log_gap)$/.test(String(line['event.action'])),
        )
        assert.deepEqual(faults, [])
      })
    })
  })
}
