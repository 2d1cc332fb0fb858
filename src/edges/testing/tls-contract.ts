import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TlsOptions } from 'node:tls'
import type { UpstreamTarget } from '../../gateway/core.ts'
import type { OpenPool } from '../exchange/upstream-port.ts'
import { eventually, rawUpstream } from './edge-kit.ts'
import { askPool, begin } from './pool-kit.ts'
import { answerOk, TlsWorld } from './tls-world.ts'

const TWO = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** How every pool deals with upstreams that speak TLS [TRN-05]. */
export function tlsContract(openPool: OpenPool): void {
  const world = new TlsWorld()
  const { ca, clientCertificate } = world
  const open = (
    t: TestContext,
    port: number,
    more: Partial<UpstreamTarget> & { host?: string } = {},
  ): ReturnType<OpenPool> => {
    const { host = 'localhost', ...rest } = more
    const pool = openPool({ origin: `https://${host}:${port}`, connectMs: 2000, ca, ...rest })
    t.after(() => pool.destroy())
    return pool
  }

  describe('an upstream over TLS', () => {
    const local = world.issue(['localhost'])
    const cases: [name: string, options: TlsOptions, host: string, isFine: boolean][] = [
      [
        'is used with a certificate of the configured authority',
        { cert: local },
        'localhost',
        true,
      ],
      ['is used by its address', { cert: world.issue(['127.0.0.1']) }, '127.0.0.1', true],
      ['is used with TLS 1.2', { cert: local, maxVersion: 'TLSv1.2' }, 'localhost', true],
      [
        'is refused when its certificate expired',
        { cert: world.issue(['localhost'], -1) },
        'localhost',
        false,
      ],
      ['is refused under another name', { cert: world.issue(['other.test']) }, 'localhost', false],
      ['is refused under another address', { cert: local }, '127.0.0.1', false],
      [
        'is refused under the name in the Host field',
        { cert: world.issue(['api.test']) },
        'localhost',
        false,
      ],
      [
        'is refused when another authority signed',
        { cert: world.issue(['localhost'], 1, { isForeign: true }) },
        'localhost',
        false,
      ],
      [
        'is refused below TLS 1.2',
        { cert: local, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
        'localhost',
        false,
      ],
    ]
    for (const [name, options, host, isFine] of cases) {
      test(name, async (t) => {
        const { outcome } = await askPool(open(t, await world.serve(t, options), { host }))
        assert.equal(outcome, isFine ? 'ok 200 ok' : 'failed upstream_tls')
      })
    }

    test('is refused by the authorities of the system where none is configured', async (t) => {
      const port = await world.serve(t, { cert: local })
      const { outcome } = await askPool(open(t, port, { ca: undefined }))
      assert.equal(outcome, 'failed upstream_tls')
    })

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      // A resumed session is not asked for its name again: one that was never verified must not be kept.
      test(`is refused under another name every time with ${maxVersion}`, async (t) => {
        const cert = world.issue(['other.test'])
        const pool = open(t, await world.serve(t, { cert, maxVersion }))
        for (let i = 0; i < 3; i++) {
          assert.equal((await askPool(pool)).outcome, 'failed upstream_tls')
          await sleep(5)
        }
      })
    }

    test('hears the configured name', async (t) => {
      const names: unknown[] = []
      const port = await world.serve(t, { cert: local }, (socket) => {
        names.push((socket as { servername?: unknown }).servername)
        answerOk(socket)
      })
      await askPool(open(t, port))
      assert.deepEqual(names, ['localhost'])
    })

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`resumes its sessions with ${maxVersion}`, async (t) => {
        const reused: boolean[] = []
        const port = await world.serve(t, { cert: local, maxVersion }, (socket) => {
          reused.push(socket.isSessionReused())
          socket.once('data', () => socket.end(TWO))
        })
        const pool = open(t, port)
        for (let i = 0; i < 3; i++) {
          assert.equal((await askPool(pool, { method: 'POST' })).outcome, 'ok 200 ok')
          await sleep(10)
        }
        assert.deepEqual(reused, [false, true, true])
      })

      test(`gets our certificate when it asks for one with ${maxVersion}`, async (t) => {
        const options = { cert: local, ca, requestCert: true, rejectUnauthorized: true, maxVersion }
        const port = await world.serve(t, options)
        const shown = open(t, port, { clientCertificate })
        assert.equal((await askPool(shown)).outcome, 'ok 200 ok')
        // With TLS 1.3 the refusal comes behind the handshake, as an alert or as a mere end.
        const { outcome } = await askPool(open(t, port))
        assert.match(outcome, /^failed upstream_(?:tls|protocol)$/)
      })
    }

    test('that takes no TLS is refused', async (t) => {
      const pool = open(t, await world.serve(t, {}))
      assert.equal((await askPool(pool)).outcome, 'failed upstream_tls')
    })

    test('carries large bodies both ways', async (t) => {
      const size = 2_000_000
      const port = await world.serve(t, { cert: local }, (socket) => {
        let taken = 0
        socket.on('data', (chunk: Buffer) => {
          taken += chunk.length
          if (taken < size) return
          taken = -1e9
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
          socket.write(Buffer.alloc(size, 'y'))
        })
      })
      const body = Buffer.alloc(size, 'x')
      const heard = await askPool(open(t, port), { method: 'POST', body })
      assert.ok(heard.body === 'y'.repeat(size), heard.outcome.slice(0, 80))
    })

    test('that never answers the handshake is given up', async (t) => {
      const origin = await rawUpstream(t, () => {})
      const port = Number(new URL(origin).port)
      const { outcome, isUnanswered } = await askPool(open(t, port, { connectMs: 200 }))
      assert.deepEqual([outcome, isUnanswered], ['failed upstream_timeout', true])
    })

    test('leaves no socket behind when a call is aborted in the handshake', async (t) => {
      let sockets = 0
      const origin = await rawUpstream(t, (socket) => {
        sockets++
        socket.resume()
        socket.on('close', () => sockets--)
      })
      const pool = open(t, Number(new URL(origin).port), { connectMs: 200 })
      const { call, heard } = begin(pool)
      await eventually(() => sockets === 1)
      call.abort(new Error('gone'))
      await eventually(() => sockets === 0)
      assert.equal(heard.log, '')
    })
  })
}
