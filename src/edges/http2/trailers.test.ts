import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2'
import { connect, constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { startListener } from '../listener/listener.ts'
import { cannedUpstream, eventually, exchangeRaw, startEdge } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'

let tls: AutoTls
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-h2trailers-'))
  tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
})
after(() => tls.close())

type Transport = 'node' | 'fast'

async function connectOver(
  transport: Transport,
  t: TestContext,
  core: FakeCore,
): Promise<ClientHttp2Session> {
  const listener = await startListener({
    core,
    transport,
    port: 0,
    address: '127.0.0.1',
    kind: 'https',
    tls,
    limits: { sweepMs: 20 },
  })
  const client = connect(`https://localhost:${listener.port}`, { ca: readFileSync(tls.caFile) })
  client.on('error', () => client.destroy())
  t.after(async () => {
    client.destroy()
    await listener.close(0)
  })
  return client
}

/** A core whose upstream speaks HTTP/2. */
async function http2Core(
  t: TestContext,
  handle: (stream: ServerHttp2Stream) => void,
): Promise<FakeCore> {
  const server = createServer()
  server.on('session', (upstream) => t.after(() => upstream.destroy()))
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    handle(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return new FakeCore(`http://127.0.0.1:${port}`, { protocol: 'h2' })
}

interface Reply {
  readonly body: string
  readonly trailers: Readonly<Record<string, unknown>> | undefined
  readonly rstCode: number
}

function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve) => {
    let body = ''
    let trailers: Readonly<Record<string, unknown>> | undefined
    stream.on('data', (chunk) => (body += String(chunk)))
    stream.on('trailers', (got) => (trailers = got))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ body, trailers, rstCode: stream.rstCode ?? 0 }))
  })
}

const ask = (client: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): Promise<Reply> =>
  replyOf(client.request(headers))

const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n'

for (const transport of ['node', 'fast'] as const) {
  const session = (t: TestContext, core: FakeCore): Promise<ClientHttp2Session> =>
    connectOver(transport, t, core)

  describe(`trailers of an answer, transport ${transport}`, () => {
    const core = async (t: TestContext): Promise<FakeCore> =>
      new FakeCore(await cannedUpstream(t, CHUNKED))

    test('reach a client of HTTP/2 that takes them', async (t) => {
      const { body, trailers } = await ask(await session(t, await core(t)), { te: 'trailers' })
      assert.deepEqual([body, trailers?.['x-sum']], ['abc', '6'])
    })

    test('do not reach one that did not ask', async (t) => {
      const { body, trailers } = await ask(await session(t, await core(t)))
      assert.deepEqual([body, trailers], ['abc', undefined])
    })

    test('pass the core, which may drop them', async (t) => {
      const dropping = await core(t)
      dropping.responseTrailers = () => []
      const { body, trailers } = await ask(await session(t, dropping), { te: 'trailers' })
      assert.equal(body, 'abc')
      assert.equal(trailers?.['x-sum'], undefined)
    })

    const asking: [name: string, fields: string, ending: RegExp][] = [
      ['asks', 'TE: trailers\r\nConnection: TE, close\r\n', /0\r\nx-sum: 6\r\n\r\n$/i],
      ['does not ask', 'Connection: close\r\n', /3\r\nabc\r\n0\r\n\r\n$/],
    ]
    for (const [name, fields, ending] of asking) {
      test(`a client of HTTP/1.1 that ${name}`, async (t) => {
        const { port } = await startEdge(t, await cannedUpstream(t, CHUNKED))
        assert.match(await exchangeRaw(port, `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`), ending)
      })
    }

    test('come although the announced length is reached', async (t) => {
      const core = await http2Core(t, (stream) => {
        stream.respond({ ':status': 200, 'content-length': 3 }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '6' }))
        stream.end('abc')
      })
      const { body, trailers } = await ask(await session(t, core), { te: 'trailers' })
      assert.deepEqual([body, trailers?.['x-sum']], ['abc', '6'])
    })

    test('come before the reset that ends an upload nobody wants', async (t) => {
      const core = await http2Core(t, (stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '8' }))
        stream.end('enough')
      })
      const client = await session(t, core)
      const stream = client.request({ ':method': 'POST', te: 'trailers' }, { endStream: false })
      stream.write('begun')
      const { body, trailers, rstCode } = await replyOf(stream)
      assert.deepEqual(
        [body, trailers?.['grpc-status'], rstCode],
        ['enough', '8', constants.NGHTTP2_NO_ERROR],
      )
      await eventually(() => core.ended.length === 1)
      assert.equal(core.ended[0]?.abortedBy, undefined)
    })
  })

  describe(`trailers of a request, transport ${transport}`, () => {
    test('reach an API that speaks HTTP/2, in the order of the body', async (t) => {
      const got: string[] = []
      const core = await http2Core(t, (stream) => {
        stream.on('data', (chunk) => got.push(String(chunk)))
        stream.on('trailers', (trailers) => got.push(`sum ${String(trailers['x-sum'])}`))
        stream.on('end', () => {
          stream.respond({ ':status': 200 })
          stream.end('ok')
        })
      })
      const client = await session(t, core)
      const stream = client.request(
        { ':method': 'POST' },
        { endStream: false, waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '6' }))
      stream.end('abc')
      assert.equal((await replyOf(stream)).body, 'ok')
      assert.deepEqual(got, ['abc', 'sum 6'])
    })
  })

  describe(`both ways at once, transport ${transport}`, () => {
    const echo = (stream: ServerHttp2Stream): void => {
      stream.respond({ ':status': 200 })
      stream.on('data', (chunk) => stream.write(chunk))
      stream.on('end', () => stream.end())
    }

    test('silence does not end what the core calls duplex', async (t) => {
      const core = await http2Core(t, echo)
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 1_000, isDuplex: true })
      const client = await session(t, core)
      const stream = client.request({ ':method': 'POST' }, { endStream: false })
      const reply = replyOf(stream)
      stream.write('a')
      await new Promise((resolve) => setTimeout(resolve, 300))
      stream.end('b')
      assert.equal((await reply).body, 'ab')
    })

    test('the length is limited all the same', async (t) => {
      const core = await http2Core(t, echo)
      core.head = () => ({ kind: 'forward', body: 'stream', maxBodyBytes: 5, isDuplex: true })
      const client = await session(t, core)
      const stream = client.request({ ':method': 'POST' }, { endStream: false })
      const reply = replyOf(stream)
      stream.write('abc')
      await new Promise((resolve) => stream.once('data', resolve))
      stream.write('def')
      assert.notEqual((await reply).rstCode, constants.NGHTTP2_NO_ERROR)
      assert.equal(core.failures[0]?.cause, 'body_too_large')
    })

    test('a slow client holds up the API, not the memory', async (t) => {
      let sent = 0
      const core = await http2Core(t, (stream) => {
        stream.respond({ ':status': 200 })
        const pump = (): void => {
          while (sent < 50_000_000 && stream.write(Buffer.alloc(65_536))) sent += 65_536
          stream.once('drain', pump)
        }
        pump()
      })
      const client = await session(t, core)
      const stream = client.request({})
      stream.on('error', () => {})
      stream.on('response', () => stream.pause())
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.ok(sent < 10_000_000, `${sent} bytes were sent`)
      stream.close(constants.NGHTTP2_CANCEL)
    })
  })
}
