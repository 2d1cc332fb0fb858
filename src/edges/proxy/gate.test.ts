import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemClock } from '../../base/clock.ts'
import { startListener } from '../listener/listener.ts'
import { eventually, httpUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import { ipv4Header, proxyHeader } from './testing/write-header.ts'

const GET = Buffer.from('GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
const CLIENT = ipv4Header('203.0.113.7', 4711)

let tls: AutoTls
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-proxy-'))
  tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
})
after(() => tls.close())

for (const transport of ['node', 'fast'] as const) {
  async function start(t: TestContext, kind: 'http' | 'https', trusts = true) {
    const core = new FakeCore(await httpUpstream(t, (_req, res) => res.end('good')))
    const faults: string[] = []
    const listener = await startListener({
      core,
      port: 0,
      address: '127.0.0.1',
      kind,
      transport,
      proxyProtocol: true,
      isTrustedPeer: (address) => trusts && address === '127.0.0.1',
      onProxyFault: (fault, peer) => faults.push(`${fault} of ${peer}`),
      limits: { sweepMs: 20, drainMs: 100, handshakeMs: 500 },
      ...(kind === 'https' ? { tls } : {}),
    })
    t.after(() => listener.close(0))
    const peers = (): unknown[] =>
      core.ended.map(({ head }) => [head.peerAddress, head.peerPort, head.relayAddress])
    return { core, faults, listener, peers }
  }

  /** Sends pieces one after another, 20 ms apart; everything that came back. */
  async function say(port: number, pieces: readonly Buffer[]): Promise<string> {
    const socket = connect(port, '127.0.0.1').setNoDelay(true)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => socket.destroy())
    const closed = new Promise((resolve) => socket.once('close', resolve))
    for (const piece of pieces) {
      if (!socket.destroyed) socket.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await closed
    return text
  }

  const NAMED = [['203.0.113.7', 4711, '127.0.0.1']]

  suite(`${transport}: a balancer names its client`, () => {
    const told: [name: string, pieces: readonly Buffer[]][] = [
      ['in the same piece as the request', [Buffer.concat([CLIENT, GET])]],
      ['in a piece of its own', [CLIENT, GET]],
      ['in seven pieces', [...inPieces(CLIENT, 4), GET]],
    ]
    for (const [name, pieces] of told)
      test(name, async (t) => {
        const { listener, peers, faults } = await start(t, 'http')
        assert.match(await say(listener.port, pieces), /^HTTP\/1.1 200 .*good$/s)
        assert.deepEqual(peers(), NAMED)
        assert.deepEqual(faults, [])
      })

    test('or speaks for itself', async (t) => {
      const { listener, core } = await start(t, 'http')
      const local = proxyHeader(0x20, 0, Buffer.alloc(0))
      assert.match(await say(listener.port, [Buffer.concat([local, GET])]), /^HTTP\/1.1 200 /)
      assert.equal(core.ended[0]?.head.peerAddress, '127.0.0.1')
      assert.equal(core.ended[0].head.relayAddress, undefined)
    })

    test('before TLS, for HTTP/1.1', async (t) => {
      const { listener, peers } = await start(t, 'https')
      for (const isTogether of [true, false]) {
        const socket = connect(listener.port, '127.0.0.1')
        socket.write(CLIENT)
        if (!isTogether) await new Promise((resolve) => setTimeout(resolve, 50))
        assert.match(await overTls(socket), /^HTTP\/1.1 200 .*good$/s)
      }
      assert.deepEqual(peers(), [...NAMED, ...NAMED])
    })

    test('before TLS, for HTTP/2', async (t) => {
      const { listener, peers } = await start(t, 'https')
      const socket = connect(listener.port, '127.0.0.1')
      socket.write(CLIENT)
      const ca = readFileSync(tls.caFile)
      const secure = connectTls({ socket, servername: 'localhost', ca, ALPNProtocols: ['h2'] })
      const session = connectHttp2('https://localhost', { createConnection: () => secure })
      t.after(() => session.destroy())
      const stream = session.request({ ':path': '/a' })
      const status = await new Promise((resolve, reject) => {
        stream.on('response', (head) => resolve(head[':status']))
        stream.on('error', reject)
      })
      assert.equal(status, 200)
      stream.resume()
      await eventually(() => peers().length === 1)
      assert.deepEqual(peers(), NAMED)
    })

    const refused: [name: string, pieces: readonly Buffer[], fault: string][] = [
      ['without a header', [GET], 'signature'],
      [
        'with a header of version 1',
        [Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n'), GET],
        'signature',
      ],
      ['with a header that is wrong', [proxyHeader(0x21, 0x11, Buffer.alloc(4)), GET], 'length'],
      [
        'with a header that is too long',
        [proxyHeader(0x21, 0x11, Buffer.alloc(5000)), GET],
        'length',
      ],
      ['with half a header, and then nothing', [CLIENT.subarray(0, 20)], 'missing'],
      ['with nothing at all', [], 'missing'],
    ]
    for (const [name, pieces, fault] of refused)
      test(`${name} it is closed, and told of`, async (t) => {
        const { listener, core, faults } = await start(t, 'http')
        assert.equal(await say(listener.port, pieces), '')
        assert.deepEqual(faults, [`${fault} of 127.0.0.1`])
        assert.equal(core.ended.length, 0)
      })
  })

  suite(`${transport}: whom nobody listed`, () => {
    test('needs no header', async (t) => {
      const { listener, core } = await start(t, 'http', false)
      assert.match(await say(listener.port, [GET]), /^HTTP\/1.1 200 /)
      assert.equal(core.ended[0]?.head.peerAddress, '127.0.0.1')
    })

    test('is not believed when it writes one', async (t) => {
      const { listener, core } = await start(t, 'http', false)
      assert.match(await say(listener.port, [Buffer.concat([CLIENT, GET])]), /^HTTP\/1.1 400 /)
      assert.equal(core.ended.length, 0)
    })
  })
}

function inPieces(bytes: Buffer, size: number): readonly Buffer[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

function overTls(socket: Socket): Promise<string> {
  const secure = connectTls({ socket, servername: 'localhost', ca: readFileSync(tls.caFile) })
  let text = ''
  secure.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  secure.write(GET)
  return new Promise((resolve, reject) => {
    secure.once('close', () => resolve(text))
    secure.once('error', reject)
  })
}
