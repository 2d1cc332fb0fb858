import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { describe, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { Secret } from '../../base/secret.ts'
import { errors } from 'undici'
import type { UpstreamService, UpstreamTarget } from '../../gateway/core.ts'
import { serviceOf } from '../testing/fake-core.ts'
import { issueCertificate } from '../tls/issue.ts'
import {
  cannedUpstream,
  exchangeRaw,
  httpUpstream,
  rawUpstream,
  edgesOf,
} from '../testing/edge-kit.ts'
import { failureCause } from '../exchange/upstream-errors.ts'
import { UndiciPool } from '../node/undici-pool.ts'
import { Upstreams } from '../upstream/upstreams.ts'

/** An error of the system. */
const broken = (code: string, syscall: string): Error =>
  Object.assign(new Error(code), { code, syscall })

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: upstreams`, () => {
    const startEdge = edgesOf(transport)

    const OK = 'HTTP/1.1 200 OK\r\n'

    describe('an upstream that breaks the protocol gets 502, and its connection is not used again', () => {
      const faults: [name: string, bytes: string, cause: string][] = [
        [
          'length and transfer coding',
          `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
          'upstream_protocol',
        ],
        [
          'two lengths',
          `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
          'upstream_protocol',
        ],
        ['a folded field', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`, 'upstream_protocol'],
        ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'upstream_protocol'],
        ['space before the colon', `${OK}Content-Length : 0\r\n\r\n`, 'upstream_protocol'],
        ['no HTTP at all', 'hello\r\n\r\n', 'upstream_protocol'],
        ['a close before the answer', '', 'upstream_protocol'],
        ['a close in the head', `${OK}Content-Le`, 'upstream_protocol'],
        ['a head over the limit', `${OK}A: ${'a'.repeat(40_000)}\r\n\r\n`, 'upstream_protocol'],
        [
          'a switch of protocols nobody asked for',
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
          'upstream_protocol',
        ],
        ['100 Continue nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n', 'upstream_protocol'],
        [
          'a flood of informational answers',
          'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(30),
          'upstream_protocol',
        ],
      ]
      for (const [name, bytes, cause] of faults) {
        test(name, async (t) => {
          const { core, url } = await startEdge(t, await cannedUpstream(t, bytes))
          const answer = await fetch(url)
          assert.deepEqual([answer.status, answer.headers.get('x-cause')], [502, cause])
          assert.equal(core.ended.length, 1)
        })
      }

      const short: [name: string, bytes: string][] = [
        ['a short body', `${OK}Content-Length: 5\r\n\r\nabc`],
        ['a chunked body without its end', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`],
        ['a chunk that is none', `${OK}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`],
      ]
      for (const [name, bytes] of short) {
        test(`${name}, where the answer is buffered`, async (t) => {
          const { core, url } = await startEdge(t, await cannedUpstream(t, bytes))
          core.response = () => ({ kind: 'buffer', maxBodyBytes: 1000 })
          const answer = await fetch(url)
          assert.deepEqual(
            [answer.status, answer.headers.get('x-cause')],
            [502, 'upstream_protocol'],
          )
          assert.equal(core.ended.length, 1)
        })
      }
    })

    test('bytes behind an answer never become the answer to another request', async (t) => {
      let connections = 0
      const origin = await rawUpstream(t, (socket) => {
        connections++
        socket.once('data', () => {
          socket.write(
            `${OK}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
          )
        })
      })
      const { port } = await startEdge(t, origin)
      const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
      assert.match(await exchangeRaw(port, get), /\r\n\r\nok$/)
      assert.match(await exchangeRaw(port, get), /\r\n\r\nok$/)
      assert.equal(connections, 2)
    })

    test('a body without length is taken, and the connection is not used again', async (t) => {
      let connections = 0
      const origin = await rawUpstream(t, (socket) => {
        connections++
        socket.once('data', () => socket.end(`${OK}\r\nall`))
      })
      const { url } = await startEdge(t, origin)
      assert.equal(await (await fetch(url)).text(), 'all')
      assert.equal(await (await fetch(url)).text(), 'all')
      assert.equal(connections, 2)
    })

    test('nobody listening is 502', async (t) => {
      const { core, url } = await startEdge(t, 'http://127.0.0.1:1')
      const answer = await fetch(url)
      assert.deepEqual([answer.status, core.failures[0]?.cause], [502, 'upstream_refused'])
    })

    test('an upstream the plan does not name is 502', async (t) => {
      const { core, url } = await startEdge(t, 'http://127.0.0.1:1')
      core.upstreams = new Map()
      assert.equal((await fetch(url)).status, 502)
    })

    for (const waits of ['for the answer', 'for a connection'] as const) {
      test(`no answer in time is 504, waiting ${waits}`, async (t) => {
        const { core, url } = await startEdge(t, await rawUpstream(t, () => {}), {
          connectionsPerAddress: 1000,
        })
        core.firstByteMs = 150
        const count = waits === 'for the answer' ? 1 : 140
        const answers = await Promise.all(Array.from({ length: count }, () => fetch(url)))
        assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [504])
        assert.equal(core.failures[0]?.cause, 'upstream_timeout')
        assert.equal(core.ended.length, count)
      })
    }

    // ---- kept connections ----

    /** Answers the first request of a connection and closes on the second without a byte. */
    function closingUpstream(t: TestContext, seen: string[]): Promise<string> {
      return rawUpstream(t, (socket: Socket) => {
        let requests = 0
        socket.on('data', (chunk: Buffer) => {
          requests++
          seen.push(chunk.toString().split(' ')[0] ?? '')
          if (requests === 1) socket.write(`${OK}Content-Length: 2\r\n\r\nok`)
          else socket.destroy()
        })
      })
    }

    test('a GET on a connection that the upstream had closed is sent once more', async (t) => {
      const seen: string[] = []
      const { core, url } = await startEdge(t, await closingUpstream(t, seen))
      assert.equal(await (await fetch(url)).text(), 'ok')
      assert.equal(await (await fetch(url)).text(), 'ok')
      assert.deepEqual(seen, ['GET', 'GET', 'GET'])
      assert.deepEqual([core.ended.length, core.failures.length], [2, 0])
    })

    test('a POST is never sent twice', async (t) => {
      const seen: string[] = []
      const { core, url } = await startEdge(t, await closingUpstream(t, seen))
      await (await fetch(url)).text()
      assert.equal((await fetch(url, { method: 'POST' })).status, 502)
      assert.deepEqual(seen, ['GET', 'POST'])
      assert.equal(core.failures[0]?.cause, 'upstream_protocol')
    })

    test('a GET that breaks a fresh connection is not repeated', async (t) => {
      let seen = 0
      const origin = await rawUpstream(t, (socket) => {
        socket.on('data', () => {
          seen++
          socket.destroy()
        })
      })
      const { url } = await startEdge(t, origin)
      assert.equal((await fetch(url)).status, 502)
      assert.equal(seen, 1)
    })

    test('pools stay over a reload that does not touch them, and go when it does', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end('x'))
      const closed: unknown[] = []
      const open = (target: UpstreamTarget): UndiciPool => {
        const pool = new UndiciPool(target)
        return Object.assign(pool, { close: async () => void closed.push(pool) })
      }
      const one = (more: Partial<UpstreamTarget> = {}): UpstreamService =>
        serviceOf({ origin, connectMs: 100, ca: undefined, ...more })
      const upstreams = new Upstreams(
        { open },
        new Map([
          ['a', one()],
          ['b', one()],
        ]),
      )
      const [a, b] = [upstreams.get('a'), upstreams.get('b')]
      upstreams.update(
        new Map([
          ['a', one()],
          ['b', one({ connectMs: 200 })],
        ]),
      )
      assert.equal(upstreams.get('a'), a)
      assert.notEqual(upstreams.get('b'), b)
      assert.deepEqual(closed, [b?.origins[0]?.pool])
      await upstreams.destroy()
    })

    // ---- TLS ----

    describe('an upstream over TLS', () => {
      const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
      const caKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
      const pem = key.export({ type: 'pkcs8', format: 'pem' })
      const DAY_MS = 86_400_000
      const issue = (names: string[] | undefined, days: number, issuerKey = caKey): string =>
        issueCertificate({
          subject: names === undefined ? 'ca' : 'leaf',
          subjectKey: names === undefined ? issuerKey : key,
          issuer: 'ca',
          issuerKey,
          notBeforeMs: Date.now() - 30 * DAY_MS,
          notAfterMs: Date.now() + days * DAY_MS,
          names,
        })
      const ca = issue(undefined, 100)

      const cases: [name: string, cert: string, options: object, host: string, status: number][] = [
        [
          'is used with a certificate of the configured authority',
          issue(['localhost'], 1),
          {},
          'localhost',
          200,
        ],
        ['is used by its address', issue(['127.0.0.1'], 1), {}, '127.0.0.1', 200],
        ['is refused when its certificate expired', issue(['localhost'], -1), {}, 'localhost', 502],
        ['is refused under another name', issue(['other.example'], 1), {}, 'localhost', 502],
        ['is refused under the name the client sends', issue(['x'], 1), {}, 'localhost', 502],
        [
          'is refused when another authority signed',
          issue(['localhost'], 1, key),
          {},
          'localhost',
          502,
        ],
        [
          'is refused below TLS 1.2',
          issue(['localhost'], 1),
          { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
          'localhost',
          502,
        ],
      ]
      for (const [name, cert, options, host, status] of cases) {
        test(name, async (t) => {
          const server = createTlsServer({ key: pem, cert, ...options }, (socket) => {
            socket.on('error', () => socket.destroy())
            socket.once('data', () => socket.end(`${OK}Content-Length: 2\r\n\r\nok`))
          })
          await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
          t.after(() => server.close())
          const { core, port } = await startEdge(t, 'http://127.0.0.1:1')
          const origin = `https://${host}:${(server.address() as AddressInfo).port}`
          core.upstreams = new Map([['main', serviceOf({ origin, connectMs: 1000, ca })]])
          const text = await exchangeRaw(
            port,
            'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
          )
          assert.match(text, new RegExp(`^HTTP/1.1 ${status} `))
          if (status === 502) assert.equal(core.failures[0]?.cause, 'upstream_tls')
        })
      }
    })

    describe('an upstream that asks who is calling', () => {
      const newKey = (): KeyObject =>
        generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
      const [authority, serverKey, clientKey] = [newKey(), newKey(), newKey()]
      const issue = (
        subjectKey: KeyObject,
        names: string[] | undefined,
        usage: 'server' | 'client' = 'server',
      ): string =>
        issueCertificate({
          usage,
          subject: names === undefined ? 'ca' : 'leaf',
          subjectKey,
          issuer: 'ca',
          issuerKey: authority,
          notBeforeMs: Date.now() - 60_000,
          notAfterMs: Date.now() + 3_600_000,
          names,
        })
      const ca = issue(authority, undefined)
      const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' })
      const shown = {
        cert: issue(clientKey, ['gateway'], 'client'),
        key: new Secret(pemOf(clientKey)),
      }

      for (const [name, clientCertificate, status] of [
        ['hears it from the certificate', shown, 200],
        ['refuses a gateway without one', undefined, 502],
      ] as const) {
        test(name, async (t) => {
          const options = { key: pemOf(serverKey), cert: issue(serverKey, ['localhost']), ca }
          const server = createTlsServer({ ...options, requestCert: true }, (socket) => {
            socket.on('error', () => socket.destroy())
            socket.once('data', () => socket.end(`${OK}Content-Length: 2\r\n\r\nok`))
          })
          await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
          t.after(() => server.close())
          const { core, port } = await startEdge(t, 'http://127.0.0.1:1')
          const origin = `https://localhost:${(server.address() as AddressInfo).port}`
          core.upstreams = new Map([
            ['main', serviceOf({ origin, connectMs: 1000, ca, clientCertificate })],
          ])
          const text = await exchangeRaw(
            port,
            'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
          )
          assert.match(text, new RegExp(`^HTTP/1.1 ${status} `))
        })
      }
    })

    const coded = (code: string): Error => Object.assign(new Error('x'), { code })
    const causes: [name: string, error: Error, cause: string][] = [
      ['a connect timeout', new errors.ConnectTimeoutError(), 'upstream_timeout'],
      ['a header timeout', new errors.HeadersTimeoutError(), 'upstream_timeout'],
      ['every address refused', new AggregateError([coded('ECONNREFUSED')]), 'upstream_refused'],
      ['an unknown host', coded('ENOTFOUND'), 'upstream_refused'],
      ['a self-signed certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'upstream_tls'],
      ['a certificate for another name', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'upstream_tls'],
      ['a failed handshake', coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'upstream_tls'],
      ['a reset', coded('ECONNRESET'), 'upstream_protocol'],
      ['a parser error', new errors.HTTPParserError(), 'upstream_protocol'],
      ['a closed pool', new errors.ClientDestroyedError(), 'overloaded'],
      [
        'a host out of reach before the request',
        broken('EHOSTUNREACH', 'connect'),
        'upstream_refused',
      ],
      [
        'a host out of reach after the request',
        broken('EHOSTUNREACH', 'read'),
        'upstream_protocol',
      ],
      ['a network that is gone in the upload', broken('ENETUNREACH', 'write'), 'upstream_protocol'],
      ['a request that cannot be written', new errors.InvalidArgumentError('x'), 'defect'],
    ]
    for (const [name, error, cause] of causes) {
      test(`${name} is ${cause}`, () => assert.equal(failureCause(error), cause))
    }
  })
}
