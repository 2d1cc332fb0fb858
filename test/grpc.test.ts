import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from 'node:http2'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { startGateway } from './kit/gateway.ts'
import type { TestGateway } from './kit/gateway.ts'
import { until } from './kit/until.ts'

/** The guide is the example: what stands in it is what runs here. */
const GUIDE = readFileSync(join(import.meta.dirname, '../docs/guide/grpc.md'), 'utf8')

function example(name: string): string {
  const text = new RegExp(`\`\`\`yaml\n# ${name}\n(.*?)\`\`\``, 's').exec(GUIDE)?.[1]
  assert.ok(text !== undefined, `the guide has no ${name}`)
  return text
}

/** One message in gRPC's own frame: not compressed, four bytes of length. */
function framed(text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** Takes messages out of a stream of bytes, however they were cut. */
class Messages {
  readonly texts: string[] = []
  #rest = Buffer.alloc(0)

  take(chunk: Buffer): readonly string[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const fresh: string[] = []
    while (this.#rest.length >= 5 && this.#rest.length >= 5 + this.#rest.readUInt32BE(1)) {
      const end = 5 + this.#rest.readUInt32BE(1)
      fresh.push(this.#rest.subarray(5, end).toString())
      this.#rest = this.#rest.subarray(end)
    }
    this.texts.push(...fresh)
    return fresh
  }
}

interface Service {
  readonly port: number
  /** Fields of every call, as they arrived. */
  readonly calls: Readonly<Record<string, unknown>>[]
  /** How calls ended that were cancelled. */
  readonly cancelled: string[]
}

const TYPE = { ':status': 200, 'content-type': 'application/grpc' }

function finish(stream: ServerHttp2Stream, status: string): void {
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': status, 'x-cost': '7', 'set-cookie': 'a=b' }),
  )
}

/** A gRPC server without any library: the protocol is the framing, the fields and the trailers. */
async function startService(t: TestContext): Promise<Service> {
  const calls: Readonly<Record<string, unknown>>[] = []
  const cancelled: string[] = []
  const server = createServer()
  server.on('session', (session) => t.after(() => session.destroy()))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    calls.push(headers)
    stream.on('error', () => {})
    const path = String(headers[':path'])
    const messages = new Messages()
    stream.on('aborted', () => cancelled.push(path))
    if (path.endsWith('Talk')) {
      stream.respond(TYPE, { waitForTrailers: true })
      finish(stream, '0')
      stream.on('data', (chunk: Buffer) => {
        for (const text of messages.take(chunk)) stream.write(framed(`you said ${text}`))
      })
      stream.on('end', () => stream.end())
      return
    }
    stream.on('data', (chunk: Buffer) => messages.take(chunk))
    stream.on('end', () => {
      const asked = messages.texts[0] ?? ''
      if (asked === 'missing') {
        stream.respond(
          { ...TYPE, 'grpc-status': '5', 'grpc-message': 'no such order' },
          { endStream: true },
        )
        return
      }
      stream.respond(TYPE, { waitForTrailers: true })
      finish(stream, '0')
      const count = path.endsWith('List') ? 3 : 1
      for (let i = 0; i < count; i++) stream.write(framed(`${asked} ${i}`))
      stream.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, calls, cancelled }
}

interface Reply {
  readonly status: number
  readonly head: Readonly<Record<string, unknown>>
  readonly messages: readonly string[]
  readonly trailers: Readonly<Record<string, unknown>>
}

class Client {
  readonly session: ClientHttp2Session
  readonly gateway: TestGateway
  readonly key: string

  constructor(gateway: TestGateway, key: string) {
    this.gateway = gateway
    this.key = key
    this.session = connect(`https://localhost:${gateway.httpsPort}`, { ca: gateway.ca })
    this.session.on('error', () => {})
  }

  begin(method: string, more: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
    return this.session.request(
      {
        ':method': 'POST',
        ':path': `/shop.Orders/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
        'x-api-key': this.key,
        ...more,
      },
      { endStream: false },
    )
  }

  async call(
    method: string,
    text: string,
    more?: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    const stream = this.begin(method, more)
    stream.end(framed(text))
    return replyOf(stream)
  }
}

function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const messages = new Messages()
    let head: Readonly<Record<string, unknown>> = {}
    let trailers: Readonly<Record<string, unknown>> = {}
    stream.on('response', (got) => (head = got))
    stream.on('trailers', (got) => (trailers = got))
    stream.on('data', (chunk: Buffer) => {
      if (head['content-type'] === 'application/grpc') messages.take(chunk)
    })
    stream.on('error', reject)
    stream.on('close', () =>
      resolve({ status: Number(head[':status']), head, messages: messages.texts, trailers }),
    )
  })
}

async function start(t: TestContext): Promise<{ service: Service; client: Client }> {
  const service = await startService(t)
  const gateway = await startGateway({
    yaml: example('sallyport.yaml').replace(':50051', `:${service.port}`),
    files: { 'openapi.yaml': example('openapi.yaml') },
  })
  const { key } = await gateway.createKey()
  const client = new Client(gateway, key)
  t.after(async () => {
    client.session.destroy()
    await gateway.close()
  })
  return { service, client }
}

describe('gRPC through the gateway', () => {
  test('a unary call, its metadata and its trailers', async (t) => {
    const { service, client } = await start(t)
    const reply = await client.call('Get', 'order 7', { 'x-tenant': 'blue' })
    assert.deepEqual(reply.messages, ['order 7 0'])
    assert.deepEqual(
      [reply.status, reply.trailers['grpc-status'], reply.trailers['x-cost']],
      [200, '0', '7'],
    )
    assert.equal(reply.trailers['set-cookie'], undefined)
    const [call] = service.calls
    assert.deepEqual([call?.['te'], call?.['x-tenant']], ['trailers', 'blue'])
    assert.equal(call?.['x-api-key'], undefined, 'the key stays here')
    assert.equal(typeof call?.['sallyport-request-id'], 'string')
  })

  test('a stream of answers', async (t) => {
    const { client } = await start(t)
    const reply = await client.call('List', 'page')
    assert.deepEqual(reply.messages, ['page 0', 'page 1', 'page 2'])
    assert.equal(reply.trailers['grpc-status'], '0')
  })

  test('both ways at once: each message is answered before the next is sent', async (t) => {
    const { client } = await start(t)
    const stream = client.begin('Talk')
    const messages = new Messages()
    stream.on('data', (chunk: Buffer) => messages.take(chunk))
    for (const text of ['one', 'two', 'three']) {
      stream.write(framed(text))
      assert.ok(await until(() => messages.texts.at(-1) === `you said ${text}`), text)
    }
    const done = replyOf(stream)
    stream.end()
    assert.equal((await done).trailers['grpc-status'], '0')
  })

  test('an error of the API in the head alone', async (t) => {
    const { client } = await start(t)
    const { status, head, messages } = await client.call('Get', 'missing')
    assert.deepEqual(
      [status, head['grpc-status'], head['grpc-message'], messages],
      [200, '5', 'no such order', []],
    )
  })

  const refused: [
    name: string,
    method: string,
    more: Readonly<Record<string, string>>,
    status: number,
    grpc: string,
  ][] = [
    ['a method that is not declared', 'Drop', {}, 404, '12'],
    ['a wrong key', 'Get', { 'x-api-key': 'sp_wrong' }, 401, '16'],
    ['another media type than gRPC', 'Get', { 'content-type': 'application/grpc+json' }, 415, '3'],
  ]
  for (const [name, method, more, status, grpc] of refused) {
    test(`${name} is refused in terms of gRPC`, async (t) => {
      const { service, client } = await start(t)
      const { head } = await client.call(method, 'x', more)
      assert.deepEqual([head[':status'], head['grpc-status']], [status, grpc])
      assert.equal(typeof head['grpc-message'], 'string')
      assert.equal(service.calls.length, 0)
    })
  }

  test('a call over the limit of its length is refused', async (t) => {
    const { client } = await start(t)
    const { head } = await client.call('Get', 'x'.repeat(2_000_000))
    assert.deepEqual([head[':status'], head['grpc-status']], [413, '8'])
  })

  test('an API that is not there is unavailable', async (t) => {
    const { service, client } = await start(t)
    const yaml = example('sallyport.yaml').replace(':50051', ':9')
    client.gateway.write(
      'sallyport.yaml',
      `${yaml}logs: { sinks: ["file:./gateway.log"] }\nstore: "memory:"\n`,
    )
    assert.equal((await client.gateway.running.reload()).ok, true)
    const { head } = await client.call('Get', 'x')
    assert.deepEqual([head[':status'], head['grpc-status']], [502, '14'])
    assert.equal(service.calls.length, 0)
  })

  test('a client that leaves cancels its call', async (t) => {
    const { service, client } = await start(t)
    const stream = client.begin('Talk')
    stream.on('error', () => {})
    stream.write(framed('hello'))
    await new Promise((resolve) => stream.once('data', resolve))
    stream.close(8)
    assert.ok(await until(() => service.cancelled.length === 1))
  })
})
