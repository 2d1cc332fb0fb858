import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import { connect, constants } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import { cannedUpstream, eventually, httpUpstream, rawUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import { startListener } from '../listener/listener.ts'

let tls: AutoTls
before(() => {
  tls = openAutoTls({
    folder: mkdtempSync(join(tmpdir(), 'sallyport-h2-')),
    names: [],
    min: '1.2',
    clock: systemClock,
  })
})
after(() => tls.close())

interface H2Edge {
  readonly core: FakeCore
  readonly session: ClientHttp2Session
}

type Transport = 'node' | 'fast'
type StartH2 = (t: TestContext, origin: string, limits?: Partial<EdgeLimits>) => Promise<H2Edge>

const startOver =
  (transport: Transport): StartH2 =>
  (t, origin, limits = {}) =>
    openH2(t, { core: new FakeCore(origin), transport, limits })

async function openH2(
  t: TestContext,
  {
    core,
    transport,
    limits,
  }: { core: FakeCore; transport: Transport; limits: Partial<EdgeLimits> },
): Promise<H2Edge> {
  const options = { core, transport, port: 0, address: '127.0.0.1', kind: 'https', tls } as const
  const listener = await startListener({ ...options, limits: { sweepMs: 20, ...limits } })
  const session = connect(`https://localhost:${listener.port}`, { ca: readFileSync(tls.caFile) })
  session.on('error', () => session.destroy())
  t.after(async () => {
    session.destroy()
    await listener.close(0)
  })
  return { core, session }
}

interface H2Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly rstCode: number
}

function finish(stream: ClientHttp2Stream): Promise<H2Answer> {
  return new Promise((resolve) => {
    let status = 0
    let headers = {}
    let body = ''
    stream.on('response', (got) => {
      status = got[':status'] ?? 0
      headers = got
    })
    stream.on('data', (chunk) => (body += String(chunk)))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ status, headers, body, rstCode: stream.rstCode ?? 0 }))
  })
}

const send = (
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<H2Answer> => {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return finish(stream)
}

for (const transport of ['node', 'fast'] as const)
  describe(`over HTTP/2, transport ${transport}`, () => {
    const startH2 = startOver(transport)

    test('passes a request and its answer, and ends the exchange once', async (t) => {
      const origin = await httpUpstream(t, (req, res) => {
        res.writeHead(200, { 'X-Cookie': req.headers.cookie ?? '', Connection: 'keep-alive' })
        res.end(`${req.method} ${req.url} ${req.headers.host}`)
      })
      const { core, session } = await startH2(t, origin)
      const { status, headers, body } = await send(session, {
        ':path': '/a?b=c',
        cookie: ['a=1', 'b=2'],
      })
      assert.equal(status, 200)
      assert.match(body, /^GET \/a\?b=c localhost:\d+$/)
      assert.equal(headers['x-cookie'], 'a=1; b=2')
      assert.equal(core.ended.length, 1)
      const { head } = core.ended[0] ?? {}
      assert.deepEqual(
        [head?.httpVersion, head?.tls?.protocol, head?.hasBody],
        ['2.0', 'TLSv1.3', false],
      )
      assert.equal(head?.headers.pseudoFields, 0)
    })

    for (const mode of ['stream', 'buffer'] as const) {
      test(`passes a body without length, ${mode}`, async (t) => {
        const origin = await httpUpstream(t, (req, res) => {
          let bytes = 0
          req.on('data', (chunk: Buffer) => (bytes += chunk.length))
          req.on('end', () => res.end(`${bytes} ${req.headers['transfer-encoding']}`))
        })
        const { core, session } = await startH2(t, origin)
        core.head = () => ({ kind: 'forward', body: mode, maxBodyBytes: 1_000_000 })
        const { body } = await send(session, { ':method': 'POST' }, 'x'.repeat(200_000))
        assert.equal(body, mode === 'stream' ? '200000 chunked' : '200000 undefined')
      })
    }

    test('an answer before the body ends the stream without waiting for the rest', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      core.head = () => ({
        kind: 'answer',
        answer: { status: 401, headers: ['X-A', 'b'], body: 'who?', close: true },
      })
      const stream = session.request({ ':method': 'POST' }, { endStream: false })
      stream.write('begun')
      const { status, headers, body, rstCode } = await finish(stream)
      assert.deepEqual(
        [status, headers['x-a'], body, rstCode],
        [401, 'b', 'who?', constants.NGHTTP2_NO_ERROR],
      )
      assert.equal(core.ended.length, 1)
      assert.equal(session.closed, false)
    })

    test('a body over the limit gets 413', async (t) => {
      const origin = await httpUpstream(t, (req) => req.resume())
      const { core, session } = await startH2(t, origin)
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 10 })
      assert.equal((await send(session, { ':method': 'POST' }, 'x'.repeat(11))).status, 413)
      assert.equal(core.ended.length, 1)
    })

    const bodiless: [name: string, method: string, upstream: string, length: string | undefined][] =
      [
        ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', '9'],
        ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
        ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\n\r\n', undefined],
      ]
    for (const [name, method, upstream, length] of bodiless) {
      test(`${name} has no body`, async (t) => {
        const { session } = await startH2(t, await cannedUpstream(t, upstream))
        const { headers, body, rstCode } = await send(session, { ':method': method })
        assert.deepEqual([headers['content-length'], body, rstCode], [length, '', 0])
      })
    }

    for (const framing of [
      'Content-Length: 9\r\n\r\nabc',
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    ]) {
      test(`an upstream that breaks off resets the stream, ${framing.slice(0, 10)}`, async (t) => {
        const origin = await cannedUpstream(t, `HTTP/1.1 200 OK\r\n${framing}`)
        const { core, session } = await startH2(t, origin)
        const { status, rstCode } = await send(session, {})
        assert.deepEqual([status, rstCode], [200, constants.NGHTTP2_INTERNAL_ERROR])
        assert.deepEqual([core.ended.length, core.ended[0]?.abortedBy], [1, 'upstream'])
        assert.equal(session.closed, false)
      })
    }

    test('a client that resets its stream ends the upstream call', async (t) => {
      let gone = 0
      const origin = await rawUpstream(t, (socket) => socket.resume().on('close', () => gone++))
      const { core, session } = await startH2(t, origin)
      const stream = session.request({})
      stream.on('error', () => {})
      await sleep(100)
      stream.close(constants.NGHTTP2_CANCEL)
      await eventually(() => gone === 1 && core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'client')
    })

    test('a connection that breaks ends every exchange on it', async (t) => {
      const { core, session } = await startH2(t, await rawUpstream(t, () => {}))
      for (let i = 0; i < 5; i++) session.request({}).on('error', () => {})
      await sleep(100)
      session.destroy()
      await eventually(() => core.ended.length === 5)
      assert.equal(new Set(core.ended).size, 5)
    })

    test('CONNECT is refused before it is an exchange', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      const { status } = await send(session, { ':method': 'CONNECT', ':authority': 'a:1' })
      assert.deepEqual([status, core.unparsed[0]?.detail, core.ended.length], [501, 'CONNECT', 0])
    })

    test('a request without authority is shown to the core as it came', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      core.head = ({ head }) => ({
        kind: 'answer',
        answer: {
          status: 400,
          headers: [],
          body: `${head.authority} ${head.headers.get('host')}`,
          close: true,
        },
      })
      const { body } = await send(session, { host: 'a' })
      assert.equal(body, 'undefined a')
    })

    test('more than 100 fields end the stream', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x-${i}`, 'a']))
      const { rstCode } = await send(session, many)
      assert.notEqual(rstCode, 0)
      assert.equal(core.ended.length, 0)
    })

    test('100 streams at once, no more', async (t) => {
      const { core, session } = await startH2(t, await rawUpstream(t, () => {}), { inFlight: 1000 })
      await send(session, { ':method': 'CONNECT', ':authority': 'a:1' })
      assert.equal(session.remoteSettings.maxConcurrentStreams, 100)
      assert.equal(core.ended.length, 0)
    })

    test('a session is told to go after its last allowed request', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end('x'))
      const { session } = await startH2(t, origin, { requestsPerConnection: 3 })
      let isToldToGo = false
      session.on('goaway', () => (isToldToGo = true))
      for (let i = 0; i < 3; i++) assert.equal((await send(session, {})).body, 'x')
      await eventually(() => isToldToGo && session.closed)
    })

    test('a session without requests is let go', async (t) => {
      const { session } = await startH2(t, 'http://127.0.0.1:9', {
        headersMs: 150,
        sessionIdleMs: 150,
      })
      await eventually(() => session.closed)
    })

    test('an idle session is not let go while a stream is open', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => setTimeout(() => res.end('late'), 400))
      const { session } = await startH2(t, origin, { sessionIdleMs: 100 })
      assert.equal((await send(session, {})).body, 'late')
    })

    test('rapid resets end the session', async (t) => {
      const { core, session } = await startH2(t, await rawUpstream(t, () => {}))
      let goaway = 0
      session.on('goaway', (code) => (goaway = code))
      for (let round = 0; round < 30 && !session.closed && !session.destroyed; round++) {
        for (let i = 0; i < 10; i++) {
          if (session.closed || session.destroyed) break
          const stream = session.request({})
          stream.on('error', () => {})
          stream.close(constants.NGHTTP2_CANCEL)
        }
        await sleep(5)
      }
      await eventually(() => session.closed || session.destroyed)
      assert.ok(core.ended.length < 200, `${core.ended.length} exchanges`)
      assert.ok(goaway !== 0 || session.destroyed)
    })

    test('a client that takes nothing of its answer is let go', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => res.end(Buffer.alloc(5_000_000)))
      const { core, session } = await startH2(t, origin, { writeStallMs: 150 })
      const stream = session.request({})
      stream.on('error', () => {})
      stream.pause()
      await eventually(() => core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, 'client')
    })

    test('impossible fields give 500, not a broken process', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      core.head = () => ({
        kind: 'answer',
        answer: { status: 200, headers: ['a b', 'c'], body: 'x', close: false },
      })
      assert.equal((await send(session, {})).status, 500)
      assert.equal(core.ended.length, 1)
    })

    test('HTTP/1.1 works on the same port', async (t) => {
      const { core, session } = await startH2(t, 'http://127.0.0.1:9')
      core.head = ({ head }) => ({
        kind: 'answer',
        answer: { status: 200, headers: [], body: head.httpVersion, close: false },
      })
      await send(session, {})
      const port = Number(
        new URL(`https://${session.socket.remoteAddress}:${session.socket.remotePort}`).port,
      )
      const { get } = await import('node:https')
      const body = await new Promise<string>((resolve, reject) => {
        get({ port, host: '127.0.0.1', ca: readFileSync(tls.caFile), agent: false }, (res) => {
          let text = ''
          res.on('data', (chunk) => (text += String(chunk)))
          res.on('end', () => resolve(text))
        }).on('error', reject)
      })
      assert.equal(body, '1.1')
    })
  })
