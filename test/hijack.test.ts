import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, suite, test } from 'node:test'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// SES-08: a key in the hands of another program is noticed by its TLS alone, on both transports and in both protocols.

const DOCUMENT = `openapi: 3.1.0
info: { title: Shop, version: '1' }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
security: [{ key: [] }]
paths: { /orders: { get: { operationId: list, responses: { '204': { description: ok } } } } }
`
/** What other TLS libraries offer: fewer signature algorithms. */
const OTHER: ConnectionOptions = { sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256' }

interface Trip {
  readonly key: string
  /** Each /24 of loopback is a network of its own. */
  readonly from: string
  readonly tls?: ConnectionOptions
  readonly headers?: Readonly<Record<string, string>>
}

interface Came {
  readonly status: number
  readonly session: Buffer | undefined
  readonly isResumed: boolean
}

type Send = (gateway: TestGateway, trip: Trip) => Promise<Came>

async function open(gateway: TestGateway, { from, tls }: Trip, alpn: string): Promise<TLSSocket> {
  const options: ConnectionOptions & { readonly localAddress: string } = {
    ...tls,
    port: gateway.httpsPort,
    host: '127.0.0.1',
    localAddress: from,
    servername: 'localhost',
    ca: gateway.ca,
    ALPNProtocols: [alpn],
  }
  const socket = connect(options)
  await once(socket, 'secureConnect')
  return socket
}

async function outcome(socket: TLSSocket, ask: () => Promise<number>): Promise<Came> {
  let session: Buffer | undefined
  socket.on('session', (made: Buffer) => (session = made))
  const status = await ask()
  const isResumed = socket.isSessionReused()
  socket.destroy()
  return { status, session, isResumed }
}

const overHttp1: Send = async (gateway, trip) => {
  const socket = await open(gateway, trip, 'http/1.1')
  return outcome(socket, async () => {
    const fields = { 'User-Agent': 'shop-sync/1.4', ...trip.headers, 'X-API-Key': trip.key }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET /orders HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return Number(chunk.toString('latin1').slice(9, 12))
  })
}

const overHttp2: Send = async (gateway, trip) => {
  const socket = await open(gateway, trip, 'h2')
  return outcome(socket, async () => {
    const client = connectHttp2('https://localhost', { createConnection: () => socket })
    client.on('error', () => undefined)
    const fields = { 'user-agent': 'shop-sync/1.4', ...trip.headers, 'x-api-key': trip.key }
    const stream = client.request({ ':path': '/orders', ':authority': 'localhost', ...fields })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    client.destroy()
    return Number(headers[':status'])
  })
}

for (const transport of ['fast', 'node'] as const)
  suite(`a key in other hands, transport ${transport}`, { timeout: 60_000 }, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    before(async () => {
      upstream = await startUpstream((_request, response) => response.writeHead(204).end())
      gateway = await startGateway({
        transport,
        files: { 'openapi.yaml': DOCUMENT },
        yaml: `openapi: ./openapi.yaml
upstream: ${upstream.url}
listen: { https: 8443 }
limits: { ip: off, principal: off }
detect: { bots: off, hijack: { response: kill, vpn: [192.0.2.0/24] } }
`,
      })
    })
    after(() => Promise.all([gateway.close(), upstream.close()]))

    for (const [name, send] of [
      ['HTTP/1.1', overHttp1],
      ['HTTP/2', overHttp2],
    ] as const) {
      test(`${name}: from another network with another TLS library it is put away`, async () => {
        const { key } = await gateway.createKey()
        const statusOf = async (from: string, tls?: ConnectionOptions): Promise<number> =>
          (await send(gateway, { key, from, ...(tls && { tls }) })).status
        assert.equal(await statusOf('127.20.0.1'), 204)
        assert.equal(await statusOf('127.20.1.1'), 204, 'another network alone')
        assert.equal(await statusOf('127.20.1.1', OTHER), 204, 'another library alone')
        assert.equal(await statusOf('127.20.2.1', OTHER), 204, 'both are known by now')
        const third = {
          ...OTHER,
          sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384:ecdsa_secp256r1_sha256',
        }
        assert.equal(await statusOf('127.20.3.1', third), 401, 'both at once')
        assert.equal(await statusOf('127.20.0.1'), 401, 'nobody knows who is who')
      })

      test(`${name}: a client that resumes its session elsewhere is the same client`, async () => {
        const { key } = await gateway.createKey()
        const first = await send(gateway, { key, from: '127.21.0.1' })
        assert.ok(first.session !== undefined)
        const tls = { session: first.session }
        const moved = await send(gateway, { key, from: '127.21.1.1', tls })
        assert.deepEqual([moved.isResumed, moved.status], [true, 204])
        assert.equal((await send(gateway, { key, from: '127.21.2.1' })).status, 204)
      })
    }
  })

suite('a key far away', { timeout: 60_000 }, () => {
  let upstream: TestUpstream
  let gateway: TestGateway
  before(async () => {
    upstream = await startUpstream((_request, response) => response.writeHead(204).end())
    gateway = await startGateway({
      files: { 'openapi.yaml': DOCUMENT },
      yaml: `openapi: ./openapi.yaml
upstream: ${upstream.url}
listen: { https: 8443, trustedProxies: [127.0.0.0/8] }
limits: { ip: off, principal: off }
detect: { bots: off, hijack: { response: kill, travel: kill, vpn: [1.1.1.0/24], fingerprint: X-JA4 } }
`,
    })
  })
  after(() => Promise.all([gateway.close(), upstream.close()]))

  const from = (key: string, address: string, more: Record<string, string> = {}): Promise<Came> =>
    overHttp1(gateway, {
      key,
      from: '127.0.0.1',
      headers: { 'X-Forwarded-For': address, ...more },
    })

  test('is put away and told with both places, until somebody lifts it', async () => {
    const { key, id } = await gateway.createKey()
    assert.equal((await from(key, '193.99.144.80')).status, 204)
    assert.equal((await from(key, '1.1.1.1')).status, 204, 'through the VPN')
    assert.equal((await from(key, '139.130.4.5')).status, 401)
    assert.equal((await from(key, '193.99.144.80')).status, 401)
    const lines = await gateway.log()
    const told = lines.find((line) => line['event.action'] === 'authn_impossible_travel')
    assert.match(String(told?.['sallyport.detail']), /from DE .* to AU .*, at least 1\d{4} km in /)
    assert.ok(lines.some((line) => line['event.action'] === 'sp_new_location'))
    const { gateway: core } = gateway.running
    await core.bans.lift(`credential:key:${id}`, core.services.counters)
    assert.equal((await from(key, '139.130.4.5')).status, 204)
  })

  test('behind a proxy it is known by the fingerprint that the proxy tells', async () => {
    const { key } = await gateway.createKey()
    const print = (text: string): Record<string, string> => ({ 'X-JA4': text })
    assert.equal((await from(key, '198.18.0.1', print('t13d1516h2'))).status, 204)
    assert.equal((await from(key, '198.18.1.1', print('t13d1516h2'))).status, 204)
    assert.equal((await from(key, '198.18.2.1')).status, 204, 'no word is no change')
    assert.equal((await from(key, '198.18.3.1', print('t13d3112h2'))).status, 401)
  })
})
