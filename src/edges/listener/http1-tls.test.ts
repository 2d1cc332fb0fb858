import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../base/clock.ts'
import { eventually, httpUpstream } from '../testing/edge-kit.ts'
import { FakeCore } from '../testing/fake-core.ts'
import type { AutoTls } from '../tls/auto.ts'
import { openAutoTls } from '../tls/auto.ts'
import { startListener } from './listener.ts'

let tls: AutoTls
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls1-'))
  tls = openAutoTls({ folder, names: [], min: '1.2', clock: systemClock })
})
after(() => tls.close())

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'

for (const transport of ['node', 'fast'] as const) {
  async function say(t: TestContext, bytes: string): Promise<readonly [string, FakeCore]> {
    const core = new FakeCore(await httpUpstream(t, (_req, res) => res.end('good')))
    const place = { port: 0, address: '127.0.0.1', kind: 'https' } as const
    const limits = { sweepMs: 20, drainMs: 100, keepAliveMs: 200 }
    const listener = await startListener({ core, tls, transport, limits, ...place })
    t.after(() => listener.close(0))
    const socket = connect({ port: listener.port, host: 'localhost', ca: readFileSync(tls.caFile) })
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => socket.destroy())
    socket.write(bytes, 'latin1')
    await new Promise((done) => socket.once('close', done))
    return [text, core]
  }

  suite(`${transport}: HTTP/1.1 over TLS`, () => {
    const cases: [name: string, bytes: string, answers: string][] = [
      ['answers pipelined requests', GET + GET, '200 200'],
      ['refuses a second space before the target', GET.replace(' ', '  '), '400'],
      ['refuses a second space behind the target', GET.replace('a ', 'a  '), '400'],
      ['refuses a lone CR before a request', `\r${GET}`, '400'],
      ['refuses a second empty line before a request', `\r\n\r\n${GET}`, '400'],
      ['refuses bytes that are no HTTP', '\0\x01\x02', '400'],
    ]
    test('joins both sides of a WebSocket, with frames larger than a record', async (t) => {
      const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      upstream.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
      await once(upstream, 'listening')
      const core = new FakeCore(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
      core.head = () => ({ kind: 'upgrade' })
      const place = { port: 0, address: '127.0.0.1', kind: 'https' } as const
      const listener = await startListener({ core, tls, transport, ...place })
      t.after(() => {
        for (const client of upstream.clients) client.terminate()
        upstream.close()
        return listener.close(0)
      })
      const ca = readFileSync(tls.caFile)
      const socket = new WebSocket(`wss://localhost:${listener.port}/ws`, { ca })
      await once(socket, 'open')
      const lengths: number[] = []
      socket.on('message', (data: Buffer) => lengths.push(data.length))
      socket.send('hello')
      socket.send('x'.repeat(1_000_000))
      await eventually(() => lengths.length === 2)
      assert.deepEqual(lengths, [5, 1_000_000])
      socket.close()
      await eventually(() => core.ended.length === 1)
    })

    for (const [name, bytes, answers] of cases) {
      test(name, async (t) => {
        const [text, core] = await say(t, bytes)
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
        assert.equal(statuses.join(' '), answers)
        assert.equal(core.unparsed.length, answers === '400' ? 1 : 0)
      })
    }
  })
}
