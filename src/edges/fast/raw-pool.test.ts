import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { callContract } from '../testing/call-contract.ts'
import { eventually, rawUpstream } from '../testing/edge-kit.ts'
import { countingUpstream, poolContract } from '../testing/pool-contract.ts'
import { askPool, begin, Heard } from '../testing/pool-kit.ts'
import { tlsContract } from '../testing/tls-contract.ts'
import { TlsWorld } from '../testing/tls-world.ts'
import type { PoolLimits } from './raw-pool.ts'
import { POOL_LIMITS, RawPool } from './raw-pool.ts'

poolContract((target) => new RawPool(target))
callContract((target) => new RawPool(target))
tlsContract((target) => new RawPool(target))

const OK = 'HTTP/1.1 200 OK\r\n'
const TWO = `${OK}Content-Length: 2\r\n\r\nok`
const GONE = new Error('gone')

function open(t: TestContext, origin: string, limits: Partial<PoolLimits> = {}): RawPool {
  const pool = new RawPool({ origin, connectMs: 500, ca: undefined }, { sweepMs: 10, ...limits })
  t.after(() => pool.destroy())
  return pool
}

/** An upstream whose connections wait to be answered by the test. */
async function heldUpstream(t: TestContext): Promise<{ origin: string; held: Socket[] }> {
  const held: Socket[] = []
  const origin = await rawUpstream(t, (socket) => {
    socket.on('data', () => held.push(socket))
  })
  return { origin, held }
}

describe('an upstream that says more than it was asked', () => {
  /** Answers every request twice: the second time `lateMs` after the first. */
  const twice = (t: TestContext, lateMs: number): Promise<string> =>
    rawUpstream(t, (socket) => {
      socket.on('data', (head: Buffer) => {
        const path = /^GET (\/\d+)/.exec(head.toString())?.[1] ?? ''
        const answer = `${OK}Content-Length: ${path.length}\r\n\r\n${path}`
        socket.write(answer)
        setTimeout(() => socket.write(answer), lateMs).unref()
      })
    })

  test('is not given a connection twice for a while', async (t) => {
    const pool = open(t, await twice(t, 5))
    const first = await askPool(pool, { path: '/1' })
    await eventually(() => pool.connections === 0)
    const second = await askPool(pool, { path: '/2' })
    await sleep(1)
    assert.deepEqual([first.body, second.body], ['/1', '/2'])
    assert.equal(pool.connections, 0)
  })

  test('cannot go on telling clients what was meant for others', async (t) => {
    const pool = open(t, await twice(t, 2))
    let wrong = 0
    const ask = async (from: number): Promise<void> => {
      for (let n = from; n < from + 200; n++) {
        const { body } = await askPool(pool, { path: `/${n}` })
        if (body !== `/${n}`) wrong++
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, i) => ask(1000 * (i + 1))))
    // HTTP/1.1 numbers no answer: the first ones cannot be told from what was asked.
    assert.ok(wrong <= 60, `${wrong} of 4000`)
  })

  test('is trusted again later', async (t) => {
    const pool = open(t, await twice(t, 60_000), { waryMs: 30 })
    pool.spokeUnasked()
    await askPool(pool, { path: '/1' })
    assert.equal(pool.connections, 0)
    await sleep(60)
    const busy = begin(pool, { path: '/2' })
    await busy.heard.done
    await sleep(20)
    await askPool(pool, { path: '/3' })
    assert.equal(pool.connections, 1)
  })
})

describe('the connections of a pool are bounded', () => {
  test('as CONTROLS RLM-06 says', () => {
    const { connections, queue, queueMs } = POOL_LIMITS
    assert.deepEqual([connections, queue, queueMs], [100, 100, 1000])
  })

  test('and so are the calls that wait for one', async (t) => {
    const { origin, held } = await heldUpstream(t)
    const pool = open(t, origin, { connections: 3, queue: 2 })
    const calls = Array.from({ length: 7 }, (_, i) => begin(pool, { path: `/${i}` }).heard)
    await eventually(() => held.length === 3)
    assert.deepEqual([pool.connections, pool.waiting], [3, 2])
    assert.deepEqual(
      calls.map(({ failure }) => failure?.cause),
      [undefined, undefined, undefined, undefined, undefined, 'overloaded', 'overloaded'],
    )
    while (held.length > 0) {
      held.shift()?.write(TWO)
      await sleep(2)
    }
    const all = await Promise.all(calls.slice(0, 5).map(({ done }) => done))
    assert.ok(all.every(({ outcome }) => outcome === 'ok 200 ok'))
    assert.equal(pool.connections, 3)
  })

  test('and so is the time they wait', async (t) => {
    const { origin } = await heldUpstream(t)
    const pool = open(t, origin, { connections: 1, queueMs: 50 })
    const first = begin(pool)
    const { outcome, isUnanswered } = await askPool(pool)
    assert.deepEqual([outcome, isUnanswered], ['failed overloaded', true])
    assert.equal(first.heard.log, '')
  })

  test('and who waits is served when a connection is lost', async (t) => {
    const { origin, held } = await heldUpstream(t)
    const pool = open(t, origin, { connections: 1 })
    const first = begin(pool, { method: 'POST' })
    const second = begin(pool)
    await eventually(() => held.length === 1)
    held.shift()?.destroy()
    await eventually(() => held.length === 1)
    held.shift()?.write(TWO)
    assert.equal((await first.heard.done).outcome, 'failed upstream_protocol')
    assert.equal((await second.heard.done).outcome, 'ok 200 ok')
  })

  test('and who waits and is aborted just leaves', async (t) => {
    const { origin, held } = await heldUpstream(t)
    const pool = open(t, origin, { connections: 1, queue: 1 })
    const first = begin(pool)
    await eventually(() => held.length === 1)
    for (let i = 0; i < 3; i++) {
      const { call, heard } = begin(pool)
      await eventually(() => pool.waiting === 1)
      await sleep(1)
      call.abort(GONE)
      assert.deepEqual([pool.waiting, heard.log, pool.connections], [0, '', 1])
    }
    held.shift()?.write(TWO)
    assert.equal((await first.heard.done).outcome, 'ok 200 ok')
  })
})

describe('an idle connection', () => {
  test('is closed before the upstream would', async (t) => {
    const { origin, open: openNow } = await countingUpstream(t, TWO)
    const pool = open(t, origin, { idleMs: 40 })
    await askPool(pool)
    assert.equal(pool.idle, 1)
    await eventually(() => openNow() === 0)
    assert.deepEqual([pool.idle, pool.connections], [0, 0])
  })

  test('is closed a second before the upstream said it would', async (t) => {
    const bytes = `${OK}Keep-Alive: timeout=3\r\nContent-Length: 2\r\n\r\nok`
    const { origin, open: openNow } = await countingUpstream(t, bytes)
    const pool = open(t, origin, { idleMs: 60_000 })
    await askPool(pool)
    await sleep(700)
    assert.equal(openNow(), 1)
    await eventually(() => openNow() === 0)
  })

  test('that was used last is used first', async (t) => {
    const served: number[] = []
    let connections = 0
    const origin = await rawUpstream(t, (socket) => {
      const number = connections++
      socket.on('data', () => {
        served.push(number)
        setTimeout(() => socket.write(TWO), number === 0 ? 20 : 5)
      })
    })
    const pool = open(t, origin)
    await Promise.all([askPool(pool), askPool(pool)])
    await sleep(5)
    for (let i = 0; i < 3; i++) {
      await askPool(pool)
      await sleep(5)
    }
    assert.deepEqual(served.slice(2), [0, 0, 0])
  })

  test('takes no request before what came behind its answer was seen', async (t) => {
    const sockets: Socket[] = []
    const origin = await rawUpstream(t, (socket) => {
      sockets.push(socket)
      socket.setNoDelay(true)
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.toString().startsWith('POST')) socket.write(TWO)
        else socket.write(`${OK}Content-Length: 5\r\n\r\nright`)
      })
    })
    const pool = open(t, origin)
    for (let i = 0; i < 20; i++) {
      const first = begin(pool)
      const next = new Promise<string>((resolve) => {
        first.heard.onEvent = (name) => {
          if (name !== 'end') return
          // A second answer that nobody asked for, right behind the first, and a request of somebody else.
          for (const socket of sockets) socket.write(`${OK}Content-Length: 5\r\n\r\nwrong`)
          const arrivedMs = performance.now() + 3
          while (performance.now() < arrivedMs);
          void askPool(pool, { method: 'POST' }).then(({ outcome }) => resolve(outcome))
        }
      })
      assert.equal(await next, 'ok 200 right')
    }
  })

  test('that turns out to be closed is replaced, however many there were', async (t) => {
    const sockets = new Set<Socket>()
    const origin = await rawUpstream(t, (socket) => {
      let requests = 0
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('data', () => {
        requests++
        if (requests === 1) setTimeout(() => socket.write(TWO), 5)
        else socket.destroy()
      })
    })
    const pool = open(t, origin, { connections: 4 })
    await Promise.all(Array.from({ length: 4 }, () => askPool(pool)))
    await sleep(5)
    assert.equal(pool.idle, 4)
    const all = await Promise.all(Array.from({ length: 4 }, () => askPool(pool)))
    assert.deepEqual([...new Set(all.map(({ outcome }) => outcome))], ['ok 200 ok'])
  })
})

describe('nothing is left behind', () => {
  test('by a call that is aborted at any byte of its answer', async (t) => {
    const answer = Buffer.from(
      `HTTP/1.1 103 E\r\n\r\n${OK}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n`,
    )
    let openNow = 0
    let end = 0
    const origin = await rawUpstream(t, (socket) => {
      openNow++
      socket.on('close', () => openNow--)
      socket.on('data', (chunk: Buffer) => {
        const isNext = chunk.toString().startsWith('GET /next')
        socket.write(isNext ? TWO : answer.subarray(0, end))
      })
    })
    const pool = open(t, origin)
    for (end = 0; end < answer.length; end++) {
      const { call, heard } = begin(pool)
      await sleep(1)
      const before = heard.log
      call.abort(GONE)
      assert.equal((await askPool(pool, { path: '/next' })).outcome, 'ok 200 ok')
      assert.equal(heard.log, before)
    }
    await pool.close()
    await eventually(() => openNow === 0)
    assert.deepEqual([pool.connections, pool.waiting], [0, 0])
  })

  test('by a body that is aborted at any byte', async (t) => {
    const { origin, open: openNow } = await countingUpstream(t, '')
    const pool = open(t, origin)
    for (let sent = 0; sent < 12; sent++) {
      const body = new Readable({ read() {} })
      const { call, heard } = begin(pool, { method: 'POST', body, streamedBytes: 12 })
      if (sent > 0) body.push('x'.repeat(sent))
      await sleep(2)
      call.abort(GONE)
      body.destroy()
      assert.equal(heard.log, '')
    }
    await eventually(() => openNow() === 0)
    assert.equal(pool.connections, 0)
  })

  test('by a body that breaks off, which is a defect', async (t) => {
    const { origin, open: openNow } = await countingUpstream(t, '')
    const pool = open(t, origin)
    const body = new Readable({ read() {} })
    const { heard } = begin(pool, { method: 'POST', body })
    body.push('x')
    await sleep(5)
    body.destroy()
    assert.equal((await heard.done).outcome, 'failed defect')
    const gone = new Readable({ read() {} })
    gone.destroy()
    assert.equal((await askPool(pool, { method: 'POST', body: gone })).outcome, 'failed defect')
    await eventually(() => openNow() === 0)
  })

  test('by calls that are aborted at any time', async (t) => {
    let openNow = 0
    const origin = await rawUpstream(t, (socket) => {
      openNow++
      socket.on('close', () => openNow--)
      socket.on('data', () => setTimeout(() => socket.write(TWO), Math.random() * 4))
    })
    const pool = open(t, origin, { connections: 10, queue: 1000 })
    const ends: Promise<unknown>[] = []
    let isRight = true
    for (let i = 0; i < 600; i++) {
      const { call, heard } = begin(pool)
      if (i % 2 === 0) setTimeout(() => call.abort(GONE), Math.random() * 10)
      else ends.push(heard.done.then(({ outcome }) => (isRight &&= outcome === 'ok 200 ok')))
      if (i % 20 === 0) await sleep(3)
    }
    await Promise.all(ends)
    assert.ok(isRight)
    assert.ok(pool.connections <= 10)
    await pool.close()
    await eventually(() => openNow === 0)
  })
})

describe('the memory of an answer', () => {
  const framings: [name: string, write: (socket: Socket, body: Buffer) => void][] = [
    [
      'with a length',
      (socket, body) => {
        socket.write(`${OK}Content-Length: ${body.length}\r\n\r\n`)
        socket.write(body)
      },
    ],
    [
      'in large chunks',
      (socket, body) => {
        socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`)
        for (let at = 0; at < body.length; at += 50_000) {
          const piece = body.subarray(at, at + 50_000)
          socket.write(`${piece.length.toString(16)}\r\n`)
          socket.write(piece)
          socket.write('\r\n')
        }
        socket.write('0\r\n\r\n')
      },
    ],
  ]
  for (const [name, write] of framings) {
    test(`${name} stays its owner's until it is given back`, async (t) => {
      const body = Buffer.alloc(4_000_000, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
      const origin = await rawUpstream(t, (socket) => {
        socket.on('data', () => write(socket, body))
      })
      const pool = open(t, origin)
      let given = 0
      // Several at once: what one gives back or forgets must never be read into by another.
      const answers = Array.from({ length: 4 }, (_, index) => {
        const kept: Buffer[] = []
        const heard = new (class extends Heard {
          override upstreamData(chunk: Buffer): boolean {
            // Some keep all, some give all back, some do this and that.
            const isGiven = index === 1 || (index > 1 && Math.random() < 0.5)
            kept.push(isGiven ? Buffer.from(chunk) : chunk)
            if (isGiven) given++
            return isGiven
          }
        })()
        const headers = ['host', 'x']
        const request = { upstream: 'main', method: 'GET', path: '/', headers, firstByteMs: 1000 }
        const plan = { request, body: undefined, streamedBytes: undefined, upgrade: undefined }
        pool.call({ ...plan, events: heard }).start()
        return heard.done.then(() => Buffer.concat(kept))
      })
      for (const answer of await Promise.all(answers)) assert.ok(answer.equals(body))
      assert.ok(given > 50)
    })
  }
})

describe('trailers', () => {
  /** Asks with a stream of two bytes. */
  const ask = (pool: RawPool, events: Heard): Promise<Heard> => {
    const headers = ['host', 'x']
    const request = { upstream: 'main', method: 'POST', path: '/', headers, firstByteMs: 1000 }
    const body = Readable.from([Buffer.from('hi')])
    pool.call({ request, body, streamedBytes: undefined, upgrade: undefined, events }).start()
    return events.done
  }
  const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`
  /** Answers with trailers when the last chunk of a request has come. */
  const trailing = async (t: TestContext): Promise<{ origin: string; text: () => string }> => {
    let text = ''
    const origin = await rawUpstream(t, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (/\r\n0\r\n(?:.+\r\n)*\r\n$/.test(text)) socket.write(`${chunked}Sum: 1\r\na: b\r\n\r\n`)
      })
    })
    return { origin, text: () => text }
  }

  test('go and come', async (t) => {
    const { origin, text } = await trailing(t)
    const pool = open(t, origin)
    let came: readonly string[] | undefined
    const heard = new (class extends Heard {
      override upstreamEnd(trailers?: readonly string[]): void {
        came = trailers
        super.upstreamEnd()
      }
      uploadTrailers(): readonly string[] {
        return ['checksum', 'abc', 'x', 'y']
      }
    })()
    assert.equal((await ask(pool, heard)).outcome, 'ok 200 ok')
    assert.deepEqual(came, ['Sum', '1', 'a', 'b'])
    assert.match(text(), /\r\n2\r\nhi\r\n0\r\nchecksum: abc\r\nx: y\r\n\r\n$/)
    assert.equal(pool.idle, 1)
  })

  const bad: [name: string, trailers: readonly string[]][] = [
    ['a line break', ['a', 'b\r\nc: d']],
    ['a length', ['Content-Length', '3']],
    ['a host', ['host', 'y']],
    ['no value', ['a']],
  ]
  for (const [name, trailers] of bad) {
    test(`with ${name} are a defect, and never sent`, async (t) => {
      const { origin, text } = await trailing(t)
      const pool = open(t, origin)
      const heard = new (class extends Heard {
        uploadTrailers(): readonly string[] {
          return trailers
        }
      })()
      assert.equal((await ask(pool, heard)).outcome, 'failed defect')
      assert.ok(!text().includes('\r\n0\r\n'))
      assert.equal(pool.connections, 0)
    })
  }
})

describe('a pool that closes', () => {
  test('still serves a call that waits for the next turn', async (t) => {
    const { origin, open: openNow } = await countingUpstream(t, TWO)
    const pool = open(t, origin, { connections: 1 })
    const first = begin(pool)
    const second = new Promise<Heard>((resolve) => {
      first.heard.onEvent = (name) => {
        if (name !== 'data') return
        // The connection comes free in this turn, and the call waits for the next.
        resolve(askPool(pool))
        void pool.close()
      }
    })
    assert.equal((await second).outcome, 'ok 200 ok')
    await eventually(() => openNow() === 0)
  })

  test('keeps no connection for a call that was aborted', async (t) => {
    const { origin, held } = await heldUpstream(t)
    const pool = open(t, origin, { connections: 1, idleMs: 60_000 })
    const first = begin(pool)
    await eventually(() => held.length === 1)
    const second = begin(pool)
    await eventually(() => pool.waiting === 1)
    const closed = pool.close()
    first.heard.onEvent = (name) => {
      // The connection is free by now, for the call that waits.
      if (name === 'end') second.call.abort(GONE)
    }
    held[0]?.write(TWO)
    await closed
    assert.equal(pool.connections, 0)
  })
})

test('an empty stream is sent as one', async (t) => {
  const { origin, seen } = await countingUpstream(t, TWO)
  await askPool(open(t, origin), { method: 'POST', body: Readable.from([]) })
  assert.match(seen.join(''), /\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n$/)
})

test('a session of TLS is not resumed for ever', async (t) => {
  const world = new TlsWorld()
  const reused: boolean[] = []
  const port = await world.serve(t, { cert: world.issue(['localhost']) }, (socket) => {
    reused.push(socket.isSessionReused())
    socket.once('data', () => socket.end(TWO))
  })
  const target = { origin: `https://localhost:${port}`, connectMs: 1000, ca: world.ca }
  const pool = new RawPool(target, { sessionMs: 1000 })
  t.after(() => pool.destroy())
  for (const waitMs of [20, 1100, 0]) {
    assert.equal((await askPool(pool)).outcome, 'ok 200 ok')
    await sleep(waitMs)
  }
  assert.deepEqual(reused, [false, true, false])
})

test('an authority that cannot be read fails the calls, not the process', async (t) => {
  const origin = 'https://127.0.0.1:1'
  const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const pool = new RawPool({ origin, connectMs: 500, ca })
  t.after(() => pool.destroy())
  assert.match((await askPool(pool)).outcome, /^failed upstream_(?:tls|refused)$/)
})
