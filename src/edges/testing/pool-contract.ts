import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenPool, UpstreamPool } from '../exchange/upstream-port.ts'
import { cannedUpstream, eventually, rawUpstream } from './edge-kit.ts'
import { askPool } from './pool-kit.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const TWO = `${OK}Content-Length: 2\r\n\r\nok`

/** An upstream that counts connections and answers every request head of each with the same bytes. */
export async function countingUpstream(
  t: TestContext,
  bytes: string,
): Promise<{ origin: string; connections: () => number; open: () => number; seen: string[] }> {
  let connections = 0
  let open = 0
  const seen: string[] = []
  const origin = await rawUpstream(t, (socket) => {
    connections++
    open++
    socket.on('close', () => open--)
    socket.on('data', (chunk: Buffer) => {
      seen.push(chunk.toString('latin1'))
      socket.write(bytes, 'latin1')
    })
  })
  return { origin, connections: () => connections, open: () => open, seen }
}

/** How every pool reads answers and keeps connections, whatever client library stands behind it. */
export function poolContract(openPool: OpenPool): void {
  const open = (t: TestContext, origin: string, connectMs = 1000): UpstreamPool => {
    const pool = openPool({ origin, connectMs, ca: undefined })
    t.after(() => pool.destroy())
    return pool
  }

  describe('an answer that is none', () => {
    const faults: [name: string, bytes: string][] = [
      ['length and coding', `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`],
      ['two lengths', `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`],
      ['one length twice', `${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
      ['a folded field', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
      ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
      ['space before the colon', `${OK}Content-Length : 0\r\n\r\n`],
      ['no HTTP at all', 'hello\r\n\r\n'],
      ['nothing', ''],
      ['half a head', `${OK}Content-Le`],
      ['a head over the limit', `${OK}A: ${'a'.repeat(40_000)}\r\n\r\n`],
      ['a switch nobody asked for', 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
      ['a flood of informational answers', 'HTTP/1.1 103 E\r\n\r\n'.repeat(30)],
      ['a short body', `${OK}Content-Length: 5\r\n\r\nabc`],
      ['chunks without an end', `${CHUNKED}3\r\nabc\r\n`],
      ['a chunk of no number', `${CHUNKED}ZZ\r\n`],
      ['a chunk over its size', `${CHUNKED}1\r\nab\r\n0\r\n\r\n`],
    ]
    for (const [name, bytes] of faults) {
      test(name, async (t) => {
        const pool = open(t, await cannedUpstream(t, bytes))
        const { outcome, log } = await askPool(pool)
        assert.equal(outcome, 'failed upstream_protocol')
        assert.match(log, /^(?:hd?)?x$/)
      })
    }

    test('an answer cut at any byte is never whole', async (t) => {
      const answers = [
        `HTTP/1.1 103 Early\r\n\r\n${OK}Content-Length: 3\r\n\r\nabc`,
        `${CHUNKED}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n`,
      ]
      for (const bytes of answers) {
        let end = 0
        const origin = await rawUpstream(t, (socket) => {
          socket.once('data', () => socket.end(bytes.slice(0, end), 'latin1'))
        })
        const pool = open(t, origin)
        for (; end < bytes.length; end++) {
          const { outcome } = await askPool(pool, { method: 'POST' })
          assert.equal(outcome, 'failed upstream_protocol', `cut at ${end} of ${bytes}`)
        }
        assert.match((await askPool(pool)).outcome, /^ok 200 abc(?:de)?$/)
      }
    })

    test('an answer in two packets is the same, wherever it is cut', async (t) => {
      const bytes = `${CHUNKED}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n`
      let at = 0
      const origin = await rawUpstream(t, (socket) => {
        socket.setNoDelay(true)
        socket.on('data', () => {
          socket.write(bytes.slice(0, at), 'latin1')
          const rest = bytes.slice(at)
          setTimeout(() => socket.write(rest, 'latin1'), 1)
        })
      })
      const pool = open(t, origin)
      for (at = 1; at < bytes.length; at++)
        assert.equal((await askPool(pool)).outcome, 'ok 200 abcde', `cut at ${at}`)
    })
  })

  describe('a connection', () => {
    const kept: [name: string, bytes: string, body: string][] = [
      ['a length', TWO, 'ok'],
      ['chunks', `${CHUNKED}2\r\nok\r\n0\r\n\r\n`, 'ok'],
      ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ]
    for (const [name, bytes, body] of kept) {
      test(`is used again after an answer with ${name}`, async (t) => {
        const { origin, connections } = await countingUpstream(t, bytes)
        const pool = open(t, origin)
        for (let i = 0; i < 5; i++) {
          const heard = await askPool(pool)
          assert.deepEqual([heard.failure, heard.body], [undefined, body])
          await sleep(2)
        }
        assert.equal(connections(), 1)
      })
    }

    const left: [name: string, bytes: string][] = [
      ['that closes', `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nok`],
      ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['with bytes behind it', `${TWO}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
      ['with half an answer behind it', `${TWO}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n`],
      ['with text behind it', `${TWO}evil`],
      [
        'with an upstream that will not keep it',
        `${OK}Keep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok`,
      ],
    ]
    for (const [name, bytes] of left) {
      test(`is not used again after an answer ${name}`, async (t) => {
        const { origin, connections, open: openNow } = await countingUpstream(t, bytes)
        const pool = open(t, origin)
        for (let i = 0; i < 3; i++) assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
        assert.equal(connections(), 3)
        await eventually(() => openNow() === 0)
      })
    }

    test('is not used again after a body up to the close', async (t) => {
      const pool = open(t, await cannedUpstream(t, `${OK}\r\nall`))
      for (let i = 0; i < 3; i++) assert.equal((await askPool(pool)).outcome, 'ok 200 all')
    })

    test('on which something comes unasked is not used again', async (t) => {
      let connections = 0
      const origin = await rawUpstream(t, (socket) => {
        connections++
        socket.once('data', () => {
          socket.write(TWO)
          setTimeout(() => socket.write(`${OK}Content-Length: 4\r\n\r\nevil`), 5)
        })
      })
      const pool = open(t, origin)
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      await sleep(30)
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      assert.equal(connections, 2)
    })

    test('whose answer came before the request was whole is not used again', async (t) => {
      const { origin, connections } = await countingUpstream(t, TWO)
      const pool = open(t, origin)
      const body = new Readable({ read() {} })
      body.push('some')
      assert.equal((await askPool(pool, { method: 'POST', body })).outcome, 'ok 200 ok')
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      assert.equal(connections(), 2)
      body.destroy()
    })
  })

  describe('when the upstream closes a kept connection', () => {
    /** Answers the first request of a connection; at the second it closes without a byte. */
    const closing = async (t: TestContext, seen: string[], bytes = ''): Promise<UpstreamPool> => {
      const origin = await rawUpstream(t, (socket) => {
        let requests = 0
        socket.on('data', (chunk: Buffer) => {
          requests++
          seen.push(chunk.toString().split(' ')[0] ?? '')
          if (requests === 1) socket.write(TWO)
          else if (bytes === '') socket.destroy()
          else socket.end(bytes)
        })
      })
      return open(t, origin)
    }

    test('a GET is sent once more', async (t) => {
      const seen: string[] = []
      const pool = await closing(t, seen)
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      await sleep(2)
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      assert.deepEqual(seen, ['GET', 'GET', 'GET'])
    })

    test('a POST is not', async (t) => {
      const seen: string[] = []
      const pool = await closing(t, seen)
      await askPool(pool)
      await sleep(2)
      const { outcome, isUnanswered } = await askPool(pool, { method: 'POST' })
      assert.deepEqual([outcome, isUnanswered], ['failed upstream_protocol', true])
      assert.deepEqual(seen, ['GET', 'POST'])
    })

    test('nor is a GET of whose answer a byte had come', async (t) => {
      const seen: string[] = []
      const pool = await closing(t, seen, 'H')
      await askPool(pool)
      await sleep(2)
      const { outcome, isUnanswered } = await askPool(pool)
      assert.deepEqual([outcome, isUnanswered], ['failed upstream_protocol', false])
      assert.deepEqual(seen, ['GET', 'GET'])
    })

    test('nor is a GET on a new connection', async (t) => {
      let seen = 0
      const origin = await rawUpstream(t, (socket) => {
        socket.on('data', () => {
          seen++
          socket.destroy()
        })
      })
      assert.equal((await askPool(open(t, origin))).outcome, 'failed upstream_protocol')
      assert.equal(seen, 1)
    })
  })
}
