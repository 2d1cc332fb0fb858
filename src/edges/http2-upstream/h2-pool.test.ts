import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { constants, createSecureServer, createServer } from 'node:http2'
import { createServer as createHttp1Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer as createRawServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import type { UpstreamTarget } from '../../gateway/core.ts'
import { UPSTREAM_SILENT } from '../exchange/upstream-port.ts'
import { eventually } from '../testing/edge-kit.ts'
import { askPool, begin, Heard } from '../testing/pool-kit.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import { H2Pool } from './h2-pool.ts'

interface Upstream {
  readonly origin: string
  readonly pool: H2Pool
  readonly sessions: ServerHttp2Session[]
}

type Handle = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

function poolFor(t: TestContext, origin: string, more: Partial<UpstreamTarget> = {}): H2Pool {
  const pool = new H2Pool({ origin, connectMs: 500, ca: undefined, protocol: 'h2', ...more })
  t.after(() => pool.destroy())
  return pool
}

async function start(
  t: TestContext,
  handle: Handle,
  server: Http2Server = createServer(),
): Promise<Upstream> {
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => session.destroy())
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    handle(stream, headers)
  })
  t.after(() => sessions.forEach((session) => session.destroy()))
  const origin = `http://127.0.0.1:${await listening(t, server)}`
  return { origin, pool: poolFor(t, origin), sessions }
}

/** A way to a port whose open connections can be made to carry nothing any more. */
async function frozenRelay(
  t: TestContext,
  port: number,
): Promise<{ origin: string; freeze: () => void; connections: () => number }> {
  const sockets: Socket[] = []
  let count = 0
  const server = createRawServer((near) => {
    count++
    const far = connect(port, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      sockets.push(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const origin = `http://127.0.0.1:${await listening(t, server)}`
  const freeze = (): void => sockets.forEach((socket) => socket.unpipe().pause())
  return { origin, freeze, connections: () => count }
}

/** Hears trailers too, and gives some. */
class HeardTrailers extends Heard {
  trailers: readonly string[] | undefined
  given: readonly string[] = []

  override upstreamEnd(trailers?: readonly string[]): void {
    this.trailers = trailers
    super.upstreamEnd()
  }

  uploadTrailers(): readonly string[] {
    return this.given
  }
}

function beginWith(pool: H2Pool, heard: Heard, body?: Readable): ReturnType<H2Pool['call']> {
  const request = {
    upstream: 'main',
    method: body === undefined ? 'GET' : 'POST',
    path: '/a.B/C',
    headers: ['host', 'api.test', 'te', 'trailers'],
    firstByteMs: 10_000,
  }
  const call = pool.call({
    request,
    body,
    streamedBytes: undefined,
    upgrade: undefined,
    events: heard,
  })
  call.start()
  return call
}

describe('an HTTP/2 upstream', () => {
  test('gets the request as it was written, and its answer comes back', async (t) => {
    const { pool } = await start(t, (stream, headers) => {
      stream.respond({ ':status': 201, 'x-path': String(headers[':path']) })
      const { ':method': method, ':authority': authority, 'x-a': field } = headers
      stream.end(`${String(method)} ${String(authority)} ${String(field)}`, 'latin1')
    })
    const heard = await askPool(pool, { path: '/a?b', headers: ['host', 'api.test', 'X-A', 'ü'] })
    assert.equal(heard.outcome, 'ok 201 GET api.test ü')
    assert.equal(heard.headers[heard.headers.indexOf('x-path') + 1], '/a?b')
    assert.equal(heard.log, 'hde')
  })

  test('gets a body that is there with its length', async (t) => {
    const { pool } = await start(t, (stream, headers) => {
      let text = ''
      stream.on('data', (chunk) => (text += String(chunk)))
      stream.on('end', () => {
        stream.respond({ ':status': 200 })
        stream.end(`${text} ${String(headers['content-length'])}`)
      })
    })
    const heard = await askPool(pool, { method: 'POST', body: Buffer.from('abc') })
    assert.equal(heard.outcome, 'ok 200 abc 3')
  })

  test('many requests share one connection', async (t) => {
    const { pool, sessions } = await start(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.end('x')
    })
    const all = await Promise.all(Array.from({ length: 60 }, () => askPool(pool)))
    assert.ok(all.every(({ outcome }) => outcome === 'ok 200 x'))
    assert.equal(sessions.length, 1)
  })

  test('more streams than the upstream allows wait for their turn', async (t) => {
    const server = createServer({ settings: { maxConcurrentStreams: 2 } })
    let open = 0
    let most = 0
    const handle: Handle = (stream) => {
      open++
      most = Math.max(most, open)
      setTimeout(() => {
        open--
        stream.respond({ ':status': 200 })
        stream.end()
      }, 5)
    }
    const { pool } = await start(t, handle, server)
    await askPool(pool)
    const all = await Promise.all(Array.from({ length: 60 }, () => askPool(pool)))
    assert.ok(all.every(({ status }) => status === 200))
    assert.ok(pool.connections <= 8, `${pool.connections} connections`)
    assert.ok(most <= 16, `${most} at once`)
  })

  test('trailers come and go', async (t) => {
    let got: Readonly<Record<string, unknown>> = {}
    const { pool } = await start(t, (stream) => {
      stream.on('trailers', (trailers) => (got = trailers))
      stream.resume()
      stream.on('end', () => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end('x')
      })
    })
    const heard = new HeardTrailers()
    heard.given = ['x-sum', '1', 'x-sum', '2']
    beginWith(pool, heard, Readable.from([Buffer.from('a')]))
    await heard.done
    assert.deepEqual(heard.trailers, ['grpc-status', '0'])
    assert.equal(got['x-sum'], '1, 2')
  })

  test('an answer of trailers only is an answer', async (t) => {
    const { pool } = await start(t, (stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true })
    })
    const heard = await askPool(pool)
    assert.equal(heard.log, 'he')
    assert.equal(heard.headers[heard.headers.indexOf('grpc-status') + 1], '5')
  })

  test('both ways flow at once', async (t) => {
    const { pool } = await start(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.on('data', (chunk) => stream.write(`<${String(chunk)}>`))
      stream.on('end', () => stream.end())
    })
    const upload = new Readable({ read: () => {} })
    const heard = new HeardTrailers()
    beginWith(pool, heard, upload)
    for (const text of ['a', 'b', 'c']) {
      upload.push(text)
      await eventually(() => heard.body.endsWith(`<${text}>`))
    }
    upload.push(null)
    await heard.done
    assert.equal(heard.outcome, 'ok 200 <a><b><c>')
  })

  test('an answer that ends before the upload did ends the upload', async (t) => {
    let closedWith = -1
    const { pool } = await start(t, (stream) => {
      stream.resume()
      stream.on('close', () => (closedWith = stream.rstCode ?? 0))
      stream.respond({ ':status': 200, 'grpc-status': '3' }, { endStream: true })
    })
    const heard = new HeardTrailers()
    beginWith(pool, heard, new Readable({ read: () => {} }))
    await heard.done
    assert.equal(heard.outcome, 'ok 200 ')
    await eventually(() => closedWith >= 0)
    assert.equal(await askPool(pool).then(({ status }) => status), 200)
    assert.equal(pool.connections, 1)
  })

  test('half an upload never looks like the whole', async (t) => {
    const ends: string[] = []
    const { pool } = await start(t, (stream) => {
      stream.on('data', () => {})
      stream.on('end', () => ends.push(stream.rstCode === 0 ? 'whole' : 'broken'))
      stream.on('close', () => ends.push(`closed ${stream.rstCode}`))
    })
    const upload = new Readable({ read: () => {} })
    const call = beginWith(pool, new HeardTrailers(), upload)
    upload.push('half')
    await sleep(30)
    call.abort(new Error('gone'))
    await eventually(() => ends.some((end) => end.startsWith('closed')))
    assert.ok(!ends.includes('whole'), ends.join(' '))
    assert.ok(!ends.includes('closed 0'), ends.join(' '))
  })

  test('an upload waits for an upstream that takes nothing', async (t) => {
    const { pool } = await start(t, (stream) => stream.pause())
    let taken = 0
    const upload = new Readable({ highWaterMark: 1, read: () => {} })
    upload.push(Buffer.alloc(1))
    const call = beginWith(pool, new HeardTrailers(), upload)
    const feed = setInterval(() => {
      while (upload.readableFlowing !== false && taken < 50_000_000) {
        taken += 65_536
        if (!upload.push(Buffer.alloc(65_536)) && taken % 1_048_576 === 0) break
      }
    }, 1)
    await sleep(150)
    clearInterval(feed)
    call.abort(new Error('enough'))
    assert.ok(taken < 50_000_000, `${taken} bytes were taken`)
  })

  test('a paused answer waits, and another stream of the connection does not', async (t) => {
    const { pool, sessions } = await start(t, (stream, headers) => {
      stream.respond({ ':status': 200 })
      stream.end(headers[':path'] === '/big' ? Buffer.alloc(3_000_000) : 'small')
    })
    const { heard, call } = begin(pool, { path: '/big' })
    heard.onEvent = (name) => {
      if (name === 'head') call.pause()
    }
    await eventually(() => heard.status === 200)
    await sleep(50)
    assert.ok(heard.body.length < 1_000_000, `${heard.body.length}`)
    assert.equal((await askPool(pool, { path: '/small' })).outcome, 'ok 200 small')
    heard.onEvent = () => {}
    call.resume()
    await heard.done
    assert.equal(heard.body.length, 3_000_000)
    assert.equal(sessions.length, 1)
  })

  test('GOAWAY moves new requests to another connection and loses none', async (t) => {
    const { pool, sessions } = await start(t, (stream) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 })
        stream.end('x')
      }, 20)
    })
    const before = Array.from({ length: 5 }, () => askPool(pool))
    await eventually(() => sessions.length === 1)
    await sleep(5)
    sessions[0]?.close()
    await sleep(5)
    const after = Array.from({ length: 5 }, () => askPool(pool))
    for (const { outcome } of await Promise.all([...before, ...after]))
      assert.equal(outcome, 'ok 200 x')
    assert.equal(sessions.length, 2)
  })

  test('a refused stream is asked again, once, whatever it asks for', async (t) => {
    let asked = 0
    const { pool } = await start(t, (stream) => {
      asked++
      if (asked % 2 === 1) {
        stream.close(constants.NGHTTP2_REFUSED_STREAM)
        return
      }
      stream.respond({ ':status': 200 })
      stream.end()
    })
    assert.equal((await askPool(pool, { method: 'POST', body: Buffer.from('a') })).status, 200)
    assert.equal(asked, 2)
  })

  const failures: [name: string, handle: Handle, outcome: string, isUnanswered: boolean][] = [
    [
      'a reset before the answer',
      (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      'failed upstream_protocol',
      true,
    ],
    [
      'a reset in the middle of an answer',
      (stream) => {
        stream.respond({ ':status': 200 })
        stream.write('half')
        setTimeout(() => stream.destroy(new Error('broken')), 20)
      },
      'failed upstream_protocol',
      false,
    ],
    [
      'an answer that is shorter than it said, reset without an error',
      (stream) => {
        stream.respond({ ':status': 200, 'content-length': '10' })
        stream.write('half')
        setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), 20)
      },
      'failed upstream_protocol',
      false,
    ],
    [
      'a flood of informational responses',
      (stream) => {
        for (let i = 0; i < 30; i++) stream.additionalHeaders({ ':status': 103 })
      },
      'failed upstream_protocol',
      false,
    ],
  ]
  for (const [name, handle, outcome, isUnanswered] of failures) {
    test(`${name} is a failure, and the next request goes through`, async (t) => {
      let isFirst = true
      const { pool } = await start(t, (stream, headers) => {
        if (isFirst) {
          isFirst = false
          return handle(stream, headers)
        }
        stream.respond({ ':status': 200 })
        stream.end()
      })
      const heard = await askPool(pool, { method: 'POST', body: Buffer.from('x') })
      assert.deepEqual([heard.outcome, heard.isUnanswered], [outcome, isUnanswered])
      assert.equal((await askPool(pool)).status, 200)
    })
  }

  test('a connection that broke is opened anew for what is safe to ask again', async (t) => {
    const { pool, sessions } = await start(t, (stream) => {
      if (sessions.length === 1) {
        sessions[0]?.socket.destroy()
        return
      }
      stream.respond({ ':status': 200 })
      stream.end()
    })
    assert.equal((await askPool(pool)).status, 200)
    assert.equal(sessions.length, 2)
  })

  test('a dead connection gets no further request', async (t) => {
    const { origin } = await start(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.end()
    })
    const relay = await frozenRelay(t, Number(new URL(origin).port))
    const pool = poolFor(t, relay.origin)
    assert.equal((await askPool(pool)).status, 200)
    relay.freeze()
    begin(pool).call.abort(UPSTREAM_SILENT)
    await sleep(1_100)
    assert.equal((await askPool(pool)).status, 200)
    assert.equal(relay.connections(), 2)
  })

  test('closing lets end what runs', async (t) => {
    const { pool } = await start(t, (stream) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 })
        stream.end('late')
      }, 50)
    })
    const { heard } = begin(pool)
    await sleep(20)
    const closed = pool.close()
    await closed
    assert.equal(heard.outcome, 'ok 200 late')
    assert.equal((await askPool(pool)).outcome, 'failed overloaded')
    assert.equal(pool.connections, 0)
  })
})

describe('what is no HTTP/2 upstream', () => {
  test('a port where nobody listens', async (t) => {
    const server = createRawServer()
    const port = await listening(t, server)
    await new Promise((resolve) => server.close(resolve))
    const heard = await askPool(poolFor(t, `http://127.0.0.1:${port}`))
    assert.deepEqual([heard.outcome, heard.isUnanswered], ['failed upstream_refused', true])
  })

  test('a server that says nothing', async (t) => {
    const server = createRawServer((socket) => socket.on('error', () => {}))
    const port = await listening(t, server)
    const pool = poolFor(t, `http://127.0.0.1:${port}`)
    const { heard, call } = begin(pool)
    await sleep(50)
    call.abort(UPSTREAM_SILENT)
    assert.equal(heard.log, '')
  })

  test('a server of HTTP/1.1', async (t) => {
    const port = await listening(
      t,
      createHttp1Server((_req, res) => res.end('x')),
    )
    const heard = await askPool(poolFor(t, `http://127.0.0.1:${port}`))
    assert.equal(heard.outcome, 'failed upstream_protocol')
  })
})

describe('an HTTP/2 upstream over TLS', () => {
  let tls: AutoTls
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-h2up-'))
    tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
  })
  after(() => tls.close())

  test('is found by ALPN and held to its certificate', async (t) => {
    const handle: Handle = (stream, headers) => {
      stream.respond({ ':status': 200 })
      stream.end(String(headers[':scheme']))
    }
    const server = createSecureServer({ ...tls.options })
    const { origin } = await start(t, handle, server)
    const https = origin.replace('http:', 'https:')
    const ca = readFileSync(tls.caFile, 'utf8')
    assert.equal((await askPool(poolFor(t, https, { ca }))).outcome, 'ok 200 https')
    assert.equal((await askPool(poolFor(t, https))).outcome, 'failed upstream_tls')
  })

  test('is refused where the server only speaks HTTP/1.1', async (t) => {
    const server = createHttpsServer({ ...tls.options, ALPNProtocols: ['http/1.1'] })
    const origin = `https://127.0.0.1:${await listening(t, server)}`
    const heard = await askPool(poolFor(t, origin, { ca: readFileSync(tls.caFile, 'utf8') }))
    assert.match(heard.outcome, /^failed upstream_(?:tls|protocol)$/)
  })
})
