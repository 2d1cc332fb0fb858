import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { freePort } from '../src/base/testing/free-port.ts'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { assertRefusal, clientAddress } from './kit/problem.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startRawUpstream } from './kit/upstream.ts'
import { pause, until } from './kit/until.ts'
import { openWire } from './kit/wire.ts'
import { libraryDocument } from './library/behind-gateway.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`over ${transport}`, () => {
    const BOOK = '/v2/books/9780140449136'
    const FIRST_BYTE_MS = 400
    const MIB = 1_048_576

    let upstream: TestUpstream
    let gateway: TestGateway
    let through: Asker
    let key = ''
    let client = 0
    /** What the upstream writes on the next request, and what it does then. */
    let bytes: string | readonly string[] = ''
    let then: (socket: Socket) => void = () => {}
    let requests = 0

    before(async () => {
      upstream = await startRawUpstream((socket) => {
        requests++
        for (const piece of [bytes].flat())
          if (piece !== '') socket.write(Buffer.from(piece, 'latin1'))
        then(socket)
      })
      gateway = await startGateway({
        transport,
        yaml: `openapi: ./openapi.yaml\nupstream: { url: "${upstream.url}", timeout: ${FIRST_BYTE_MS}ms, breaker: off }\nlisten: { https: 8443, tls: auto }`,
        files: { 'openapi.yaml': libraryDocument() },
      })
      key = (await gateway.createKey()).key
      through = asker(gateway.httpsPort, gateway.ca)
    })
    after(async () => {
      through.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    const ask = (plan: Ask): Promise<Got> =>
      through.ask({ from: clientAddress(21, client++), ...plan })
    const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
    const end = (socket: Socket): void => void socket.end()

    suite('upstreams that do not answer as HTTP asks', () => {
      const faults: readonly [
        name: string,
        answer: string | readonly string[],
        after?: typeof end,
      ][] = [
        ['nothing at all', '', end],
        ['a reset', '', (socket) => socket.resetAndDestroy()],
        ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
        [
          'a length and chunks',
          `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        ],
        ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `],
        ['a length that is none', `${OK}Content-Length: 2x\r\n\r\n{}`],
        ['a folded field', `${OK}X-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\n{}`],
        [
          'bare line feeds',
          'HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}',
        ],
        ['a blank before a colon', `${OK}Content-Length : 2\r\n\r\n{}`],
        ['a NUL in a field', `${OK}X-A: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`],
        [
          'a chunk size that is none',
          `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
        ],
        ['a short body', `${OK}Content-Length: 20\r\n\r\n{"a":`, end],
        ['chunks that never end', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n`, end],
        ['a head that never ends', `${OK}X-A: ${'a'.repeat(40_000)}`],
        ['a head of forty thousand bytes', `${OK}${'X-A: aaaaaaaa\r\n'.repeat(3000)}\r\n`],
        ['a flood of interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(200)],
        [
          'a switch of protocols that nobody asked for',
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
        ],
        ['eleven mebibytes, said before', `${OK}Content-Length: ${11 * MIB}\r\n\r\n`],
        [
          'eleven mebibytes, not said before',
          [
            `${OK}Transfer-Encoding: chunked\r\n\r\n`,
            ...Array.from({ length: 11 }, () => `100000\r\n${' '.repeat(MIB)}\r\n`),
          ],
        ],
        [
          'a coding that nobody knows',
          `${OK}Content-Encoding: zstd\r\nContent-Length: 2\r\n\r\n{}`,
        ],
        ['gzip that is none', `${OK}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`],
      ]
      for (const [name, answer, after = () => {}] of faults) {
        test(`${name}: 502`, async () => {
          bytes = answer
          then = after
          assertRefusal(await ask({ target: '/v2/odd/raw' }), 502)
          bytes = `${OK}Content-Length: 13\r\n\r\n{"fine":true}`
          then = () => {}
          assert.equal((await ask({ target: '/v2/odd/raw' })).text, '{"fine":true}')
        })
      }

      test('a bomb of gzip: 502', async () => {
        const { gzipSync } = await import('node:zlib')
        const bomb = gzipSync(Buffer.alloc(40 * MIB)).toString('latin1')
        bytes = `${OK}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n${bomb}`
        assertRefusal(await ask({ target: '/v2/odd/raw' }), 502)
      })

      test('a slow one: 504', async () => {
        bytes = ''
        then = () => {}
        const started = Date.now()
        assertRefusal(await ask({ target: '/v2/odd/raw' }), 504)
        assert.ok(Date.now() - started < FIRST_BYTE_MS + 1000)
      })

      test('bytes after an answer do not become the next answer', async () => {
        const extra = `${OK}Content-Length: 14\r\n\r\n{"fine":false}`
        bytes = `${OK}Content-Length: 13\r\n\r\n{"fine":true}${extra}`
        for (let i = 0; i < 3; i++)
          assert.equal((await ask({ target: '/v2/odd/raw' })).text, '{"fine":true}')
      })

      test('a download that breaks off does not look whole', async () => {
        bytes =
          'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nabc'
        then = end
        const plan = { target: `${BOOK}/text`, headers: { 'x-library-card': key } }
        await assert.rejects(ask(plan), /aborted|hang up|ECONNRESET/)
        bytes =
          'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
        await assert.rejects(ask(plan), /aborted|hang up|ECONNRESET/)
        then = () => {}
      })

      test('a request that is not safe is never sent twice', async () => {
        bytes = ''
        then = (socket) => socket.resetAndDestroy()
        requests = 0
        const body = { memberId: 7, copies: [{ isbn: '9783522202107', days: 1 }] }
        const headers = { 'x-library-card': key }
        assertRefusal(await ask({ method: 'POST', target: '/v2/loans', headers, body }), 502)
        assert.equal(requests, 1)
        then = () => {}
      })

      test('header fields cannot be split', async () => {
        bytes = `${OK}X-A: a\u0085b\r\nLink: </v2/books>\r\nContent-Length: 2\r\n\r\n{}`
        const got = await ask({ target: '/v2/odd/raw' })
        assert.equal(got.status, 200)
        assert.ok(!got.names.some((name) => /[^\x21-\x7e]/.test(name)))
      })
    })

    suite('upstreams that are not there', () => {
      test('a port where nobody listens: 502', async () => {
        const other = await startGateway({
          transport,
          yaml: `openapi: ./openapi.yaml\nupstream: http://127.0.0.1:${await freePort()}\nlisten: { https: 8443, tls: auto }`,
          files: { 'openapi.yaml': libraryDocument() },
        })
        const dead = asker(other.httpsPort, other.ca)
        assertRefusal(await dead.ask({ target: '/v2/books' }), 502)
        dead.close()
        await other.close()
      })

      test('a client that leaves ends the request to the upstream, and is recorded', async () => {
        bytes = ''
        let isGone = false
        then = (socket) =>
          void socket.on('close', () => {
            isGone = true
          })
        const wire = await openWire({ port: gateway.httpsPort, ca: gateway.ca })
        wire.socket.write(`GET /v2/odd/leave HTTP/1.1\r\nHost: localhost\r\n\r\n`)
        await pause(100)
        wire.socket.destroy()
        assert.ok(await until(() => isGone))
        then = () => {}
        const isAborted = async (): Promise<boolean> =>
          (await gateway.log()).some((line) => line['sallyport.aborted'] === 'client')
        assert.ok(await until(isAborted))
      })
    })
  })
}
