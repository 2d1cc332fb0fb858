import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { edgesOf, eventually, httpUpstream } from '../testing/edge-kit.ts'

const ATTACKER = '127.0.0.9'
const OTHER = '127.0.0.8'
const GET = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

/** A client at an address of the loopback network that reads, or does not. */
function clientAt(t: TestContext, port: number, plan: { from: string; reads: boolean }) {
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress: plan.from })
  const client = { text: '', isClosed: false, socket }
  socket.on('error', () => socket.destroy())
  socket.on('close', () => (client.isClosed = true))
  if (plan.reads) socket.on('data', (chunk: Buffer) => (client.text += chunk.toString('latin1')))
  t.after(() => socket.destroy())
  socket.write(GET)
  return client
}

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: the room of a listener`, () => {
    const startEdge = edgesOf(transport)

    test('one address cannot take all places of requests that wait', async (t) => {
      const waiting: (() => void)[] = []
      const origin = await httpUpstream(t, (_req, res) => waiting.push(() => res.end('good')))
      const { port, listener, core } = await startEdge(t, origin, { inFlight: 8 })
      core.firstByteMs = 10_000
      const many = Array.from({ length: 12 }, () =>
        clientAt(t, port, { from: ATTACKER, reads: true }),
      )
      await eventually(() => many.filter(({ isClosed }) => isClosed).length === 8)
      assert.equal(listener.inFlight(), 4)
      const other = clientAt(t, port, { from: OTHER, reads: true })
      await eventually(() => waiting.length === 5)
      for (const answer of waiting) answer()
      await eventually(() => other.isClosed && many.every(({ isClosed }) => isClosed))
      assert.match(other.text, /^HTTP\/1\.1 200 /)
      assert.equal(many.filter(({ text }) => text.startsWith('HTTP/1.1 503 ')).length, 8)
      assert.equal(listener.inFlight(), 0)
    })

    test('one address that does not read large answers cannot take the memory of all', async (t) => {
      // More than the buffers of two sockets take.
      const large = Buffer.alloc(8_000_000, 'x')
      const origin = await httpUpstream(t, (_req, res) => res.end(large))
      const { port, core } = await startEdge(t, origin, { heldBytes: 60_000_000 })
      core.response = () => ({ kind: 'buffer', maxBodyBytes: 10_000_000 })
      const many = Array.from({ length: 9 }, () =>
        clientAt(t, port, { from: ATTACKER, reads: false }),
      )
      await eventually(() => core.failures.length > 0)
      assert.equal(core.failures[0]?.cause, 'overloaded')
      const other = clientAt(t, port, { from: OTHER, reads: true })
      await eventually(() => other.isClosed)
      assert.match(other.text, /^HTTP\/1\.1 200 /)
      assert.ok(other.text.length > large.length)
      for (const { socket } of many) socket.destroy()
      await eventually(() => core.ended.length === 10)
      const again = clientAt(t, port, { from: ATTACKER, reads: true })
      await eventually(() => again.isClosed)
      assert.match(again.text, /^HTTP\/1\.1 200 /, 'what was held is free again')
    })
  })
}
