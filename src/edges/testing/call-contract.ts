import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenPool, UpstreamPool } from '../exchange/upstream-port.ts'
import { eventually, httpUpstream, rawUpstream } from './edge-kit.ts'
import { countingUpstream } from './pool-contract.ts'
import type { Ask } from './pool-kit.ts'
import { askPool, begin } from './pool-kit.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const TWO = `${OK}Content-Length: 2\r\n\r\nok`
const GONE = new Error('gone')

/** How every pool sends requests, hands answers over, and ends, whatever client library stands behind it. */
export function callContract(openPool: OpenPool): void {
  const open = (t: TestContext, origin: string, connectMs = 1000): UpstreamPool => {
    const pool = openPool({ origin, connectMs, ca: undefined })
    t.after(() => pool.destroy())
    return pool
  }

  describe('a request', () => {
    const echo = (t: TestContext): Promise<string> =>
      httpUpstream(t, (req, res) => {
        const framing = `${req.headers['content-length'] ?? '-'} ${req.headers['transfer-encoding'] ?? '-'}`
        res.setHeader('x-framing', framing)
        req.pipe(res)
      })
    const framing = (headers: readonly string[]): string | undefined =>
      headers[headers.findIndex((name) => name.toLowerCase() === 'x-framing') + 1]

    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const big = Buffer.alloc(3_000_000, all)
    const bodies: [
      name: string,
      body: () => Buffer | Readable,
      streamed: number | undefined,
      said: string,
    ][] = [
      ['every byte', () => all, undefined, '256 -'],
      ['a large body', () => big, undefined, '3000000 -'],
      ['a stream of a length', () => Readable.from([all, all]), 512, '512 -'],
      ['a stream without one', () => Readable.from([all, all]), undefined, '- chunked'],
      [
        'a large stream',
        () => Readable.from(Array.from({ length: 100 }, () => big.subarray(0, 30_000))),
        undefined,
        '- chunked',
      ],
      ['an empty body', () => Buffer.alloc(0), undefined, '0 -'],
    ]
    for (const [name, body, streamedBytes, said] of bodies) {
      test(`carries ${name}`, async (t) => {
        const pool = open(t, await echo(t))
        const sent = body()
        const more = streamedBytes === undefined ? {} : { streamedBytes }
        const heard = await askPool(pool, { method: 'POST', body: sent, ...more })
        const expected = Buffer.isBuffer(sent)
          ? sent
          : Buffer.concat(await parts(body() as Readable))
        assert.equal(framing(heard.headers), said)
        assert.ok(heard.body === expected.toString('latin1'), 'the body came back as another')
      })
    }

    test('whose body is longer than it said is a defect', async (t) => {
      const pool = open(t, await echo(t))
      const { outcome } = await askPool(pool, {
        method: 'POST',
        body: Readable.from([all, all]),
        streamedBytes: 300,
      })
      assert.equal(outcome, 'failed defect')
    })

    test('whose body is shorter than it said is a defect', async (t) => {
      const pool = open(t, await echo(t))
      const { outcome } = await askPool(pool, {
        method: 'POST',
        body: Readable.from([all]),
        streamedBytes: 300,
      })
      assert.equal(outcome, 'failed defect')
    })

    const bad: [name: string, ask: Ask][] = [
      ['a line break in a value', { headers: ['host', 'x', 'a', 'b\r\nc: d'] }],
      ['a line break in a name', { headers: ['host', 'x', 'a\r\nb', 'c'] }],
      ['NUL in a value', { headers: ['host', 'x', 'a', 'b\0'] }],
      ['a name that is no token', { headers: ['host', 'x', 'a b', 'c'] }],
      ['a line break in the target', { path: '/ HTTP/1.1\r\nHost: y' }],
      ['a space in the target', { path: '/a b' }],
      ['a method that is no token', { method: 'GE T' }],
      ['a framing field', { headers: ['host', 'x', 'transfer-encoding', 'chunked'] }],
    ]
    for (const [name, ask] of bad) {
      test(`with ${name} is a defect and never sent`, async (t) => {
        const { origin, seen } = await countingUpstream(t, TWO)
        const pool = open(t, origin)
        assert.equal((await askPool(pool, ask)).outcome, 'failed defect')
        assert.deepEqual(seen, [])
      })
    }
  })

  describe('an answer', () => {
    test('stops while it is not wanted, and comes whole', async (t) => {
      const size = 20_000_000
      let isFlushed = false
      const origin = await httpUpstream(t, (_req, res) => {
        res.end(Buffer.alloc(size, 'x'), () => (isFlushed = true))
      })
      const pool = open(t, origin)
      const { heard, call } = begin(pool)
      let paused = 0
      heard.onEvent = (name) => {
        if (name !== 'data' || paused >= 3) return
        paused++
        call.pause()
        setTimeout(() => call.resume(), 20)
      }
      await eventually(() => paused === 1)
      assert.equal(isFlushed, false)
      await heard.done
      assert.equal(heard.body.length, size)
      assert.equal(paused, 3)
      assert.equal((await askPool(pool)).body.length, size)
    })

    test('that switches protocols hands over the socket and what had come on it', async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', (chunk: Buffer) => {
          assert.match(chunk.toString(), /\r\nconnection: upgrade\r\nupgrade: websocket\r\n/i)
          socket.write(
            'HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: b\r\n\r\nearly',
          )
          socket.on('data', (more: Buffer) => socket.write(`<${more.toString()}>`))
        })
      })
      const pool = open(t, origin)
      const { socket, headers, log } = await askPool(pool, { upgrade: 'websocket' })
      assert.equal(log, 'u')
      assert.ok(headers.some((part) => part.toLowerCase() === 'x-a'))
      let text = ''
      socket?.on('data', (chunk: Buffer) => (text += chunk.toString()))
      await eventually(() => text === 'early')
      socket?.write('more')
      await eventually(() => text === 'early<more>')
      let isClosed = false
      socket?.on('close', () => (isClosed = true))
      socket?.end()
      await eventually(() => isClosed)
    })

    test('that does not switch is an answer', async (t) => {
      const { origin } = await countingUpstream(t, TWO)
      assert.equal((await askPool(open(t, origin), { upgrade: 'websocket' })).outcome, 'ok 200 ok')
    })
  })

  describe('a call that is aborted', () => {
    test('before the answer ends its connection, and hears nothing', async (t) => {
      const { origin, open: openNow, connections } = await countingUpstream(t, '')
      const pool = open(t, origin)
      const { heard, call } = begin(pool)
      await eventually(() => connections() === 1)
      await sleep(5)
      call.abort(GONE)
      call.abort(GONE)
      await eventually(() => openNow() === 0)
      assert.equal(heard.log, '')
    })

    test('in the middle of the answer ends its connection, and hears nothing more', async (t) => {
      const { origin, open: openNow } = await countingUpstream(
        t,
        `${OK}Content-Length: 9\r\n\r\nok`,
      )
      const pool = open(t, origin)
      const { heard, call } = begin(pool)
      await eventually(() => heard.body === 'ok')
      call.abort(GONE)
      await eventually(() => openNow() === 0)
      assert.equal(heard.log, 'hd')
    })

    for (const event of ['head', 'data', 'end'] as const) {
      test(`at the ${event} hears nothing more, and the next call is right`, async (t) => {
        const { origin } = await countingUpstream(t, `${CHUNKED}2\r\nok\r\n0\r\n\r\n`)
        const pool = open(t, origin)
        const { heard, call } = begin(pool)
        heard.onEvent = (name) => {
          if (name === event) call.abort(GONE)
        }
        const log = { head: 'h', data: 'hd', end: 'hde' }[event]
        await eventually(() => heard.log === log)
        await sleep(5)
        assert.equal(heard.log, log)
        assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
      })
    }

    test('before it was sent is never sent', async (t) => {
      const { origin, seen } = await countingUpstream(t, TWO)
      const pool = open(t, origin)
      const { heard, call } = begin(pool)
      call.abort(GONE)
      assert.equal((await askPool(pool, { path: '/next' })).outcome, 'ok 200 ok')
      assert.equal(heard.log, '')
      assert.deepEqual(
        seen.map((head) => head.split(' ')[1]),
        ['/next'],
      )
    })
  })

  test('an owner that throws hears of a defect, and the next call is right', async (t) => {
    for (const event of ['head', 'data'] as const) {
      const { origin } = await countingUpstream(t, TWO)
      const pool = open(t, origin)
      const { heard } = begin(pool)
      heard.onEvent = (name) => {
        if (name === event) throw new Error('owner')
      }
      await heard.done
      assert.ok(heard.failure !== undefined)
      assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
    }
  })

  test('nobody listening is refused', async (t) => {
    const { outcome, isUnanswered } = await askPool(open(t, 'http://127.0.0.1:1'))
    assert.deepEqual([outcome, isUnanswered], ['failed upstream_refused', true])
  })

  test('a name with several addresses is reached', async (t) => {
    const { origin } = await countingUpstream(t, TWO)
    const pool = open(t, origin.replace('127.0.0.1', 'localhost'))
    assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
  })

  test('many calls at once all get their own answer', async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      setTimeout(() => res.end(req.url), Math.random() * 5)
    })
    const pool = open(t, origin)
    const calls = Array.from({ length: 150 }, (_, i) => askPool(pool, { path: `/${i}` }))
    const all = await Promise.all(calls)
    assert.deepEqual(
      all.map(({ outcome }) => outcome),
      Array.from({ length: 150 }, (_, i) => `ok 200 /${i}`),
    )
  })

  describe('at its end', () => {
    const slow = async (t: TestContext): Promise<{ pool: UpstreamPool; sockets: Set<Socket> }> => {
      const sockets = new Set<Socket>()
      const origin = await rawUpstream(t, (socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        socket.on('data', () => setTimeout(() => socket.write(TWO), 50))
      })
      return { pool: open(t, origin), sockets }
    }

    test('a pool that closes lets calls end and takes no other', async (t) => {
      const { pool, sockets } = await slow(t)
      const running = askPool(pool)
      await eventually(() => sockets.size === 1)
      const closed = pool.close()
      assert.equal((await askPool(pool)).outcome, 'failed overloaded')
      assert.equal((await running).outcome, 'ok 200 ok')
      await closed
      await eventually(() => sockets.size === 0)
    })

    test('a pool that is destroyed ends everything', async (t) => {
      const { pool, sockets } = await slow(t)
      const running = askPool(pool)
      await eventually(() => sockets.size === 1)
      await pool.destroy()
      assert.equal((await running).outcome, 'failed overloaded')
      await eventually(() => sockets.size === 0)
    })
  })
}

async function parts(stream: Readable): Promise<Buffer[]> {
  const all: Buffer[] = []
  for await (const chunk of stream) all.push(chunk as Buffer)
  return all
}
