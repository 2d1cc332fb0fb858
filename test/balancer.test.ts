import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { freePort } from '../src/base/testing/free-port.ts'
import type { Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway, withHousekeeping } from './kit/gateway.ts'
import { assertRefusal } from './kit/problem.ts'
import { pause, until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

const HAPROXY = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find((place) => existsSync(place))
const DENIED = '127.3.0.9'
const HONEST = '127.3.0.1'
const DOCUMENT = `openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  /open: { get: { operationId: open, security: [], responses: { '204': { description: none } } } }
`

function missing(): string | false {
  if (HAPROXY !== undefined) return false
  if (process.env['CI'] === 'true') throw new Error('CI has no HAProxy: see scripts/services.sh')
  return 'HAProxy is not installed'
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}

/** HAProxy before the gateway: TLS passes through, the client's address goes ahead of it; it asks for health itself. */
async function startBalancer(gatewayPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-balancer-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
listen in
  bind 127.0.0.1:${port}
  server gate 127.0.0.1:${gatewayPort} send-proxy-v2 check check-send-proxy inter 200ms rise 1 fall 2
`,
  )
  const child = spawn(HAPROXY ?? '', ['-db', '-f', file], { stdio: 'ignore' })
  assert.ok(await until(() => isOpen(port), 5000), 'HAProxy listens')
  const close = async (): Promise<void> => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, close }
}

for (const transport of ['node', 'fast'] as const)
  suite(`behind HAProxy, transport ${transport}`, { skip: missing() }, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    let balancer: Awaited<ReturnType<typeof startBalancer>>
    let client: Asker

    before(async () => {
      upstream = await startUpstream((_request, response) => response.writeHead(204).end())
      gateway = await startGateway({
        transport,
        yaml: withHousekeeping(`openapi: ./openapi.yaml
upstream: ${upstream.url}
listen: { https: 8443, trustedProxies: [127.0.0.1/32], proxyProtocol: v2 }
network: { deny: [${DENIED}/32] }
limits: { ip: 3/min }
`),
        files: { 'openapi.yaml': DOCUMENT },
      })
      balancer = await startBalancer(gateway.httpsPort)
      client = asker(balancer.port, gateway.ca)
    })
    after(async () => {
      client.close()
      await balancer.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    test('the client that HAProxy names is judged, not HAProxy', async () => {
      assertRefusal(await client.ask({ target: '/open', from: DENIED }), 403)
      assert.equal((await client.ask({ target: '/open', from: HONEST })).status, 204)
    })

    test('each client has its own limit behind the same balancer', async () => {
      const statuses = []
      for (let i = 0; i < 4; i += 1)
        statuses.push((await client.ask({ target: '/open', from: '127.3.0.2' })).status)
      assert.deepEqual(statuses, [204, 204, 204, 429])
      assert.equal((await client.ask({ target: '/open', from: '127.3.0.3' })).status, 204)
    })

    test('HTTP/2 passes with the address of its client', async () => {
      const socket = connectTls({
        port: balancer.port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: gateway.ca,
        ALPNProtocols: ['h2'],
        localAddress: DENIED,
      } as ConnectionOptions)
      const session = connectHttp2(`https://localhost:${balancer.port}`, {
        createConnection: () => socket,
      })
      const stream = session.request({ ':path': '/open' })
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      assert.equal(headers[':status'], 403)
      session.destroy()
    })

    test('the health checks of HAProxy are nobody and keep it up', async () => {
      await pause(1000)
      assert.equal((await client.ask({ target: '/open', from: '127.3.0.4' })).status, 204)
      const faults = (await gateway.log()).filter((line) => /proxy/.test(JSON.stringify(line)))
      assert.deepEqual(faults, [])
    })

    test('who comes past HAProxy without a header is not served', async () => {
      const socket = connectTls({ port: gateway.httpsPort, host: '127.0.0.1', ca: gateway.ca })
      const [error] = (await Promise.race([
        once(socket, 'error'),
        once(socket, 'secureConnect').then(() => [undefined]),
      ])) as [Error | undefined]
      socket.destroy()
      assert.ok(error !== undefined)
    })
  })
