import assert from 'node:assert/strict'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openListener } from '../cli/open-listener.ts'
import { startGateway } from './kit/gateway.ts'

const DOCUMENT = `openapi: 3.1.0
info: { title: Slow, version: "1" }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } } }
paths:
  /a: { get: { operationId: a, security: [{ key: [] }], responses: { "200": { description: ok } } } }
`

/** A server that accepts, reads, and never replies. */
async function mute(onClose: () => void): Promise<{ port: number; close: () => void }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket.on('error', () => socket.destroy()).resume())
    socket.on('close', onClose)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = (): void => {
    for (const socket of open) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: a decision point that accepts and never replies`, () => {
    test('holds no request, whatever time it was given', async (t) => {
      let asked = 0
      let left = 0
      const point = await mute(() => left++)
      const api = createServer(() => asked++)
      await new Promise<void>((done) => api.listen(0, '127.0.0.1', done))
      const apiPort = (api.address() as AddressInfo).port
      t.after(() => {
        point.close()
        api.close()
      })
      const gateway = await startGateway({
        yaml:
          `openapi: ./openapi.yaml\nupstream: "http://127.0.0.1:${apiPort}"\n` +
          'listen: { https: 8443, http: 8080, plain: serve, address: 127.0.0.1 }\n' +
          `authorize: { decision: { url: "http://127.0.0.1:${point.port}/", timeout: 5s } }\n`,
        files: { 'openapi.yaml': DOCUMENT },
        transport,
      })
      const { running } = gateway
      const { settings } = running.gateway.loaded
      const limits = { decisionMs: 300, sweepMs: 50 }
      const listener = await openListener(running.gateway, settings, {
        kind: 'http',
        port: 0,
        limits,
      })
      t.after(async () => {
        await listener.close(0)
        await gateway.close()
      })
      const { key } = await gateway.createKey()
      const ask = () =>
        fetch(`http://127.0.0.1:${listener.port}/a`, { headers: { 'x-api-key': key } })
      const answers = await Promise.all([ask(), ask(), ask()])
      for (const answer of answers) {
        assert.equal(answer.status, 503)
        assert.equal(answer.headers.get('retry-after'), '1')
        assert.match(await answer.text(), /unavailable/)
      }
      await sleep(100)
      // The questions were ended with the requests, not left to their own time.
      assert.deepEqual([asked, left, listener.inFlight()], [0, 3, 0])
      const lines = (await gateway.log()).filter((line) =>
        JSON.stringify(line).includes('decision_timeout'),
      )
      assert.ok(lines.length >= 3, JSON.stringify(lines))
    })
  })
}
