import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { edgesOf, eventually, RawClient, rawUpstream } from '../testing/edge-kit.ts'

const startEdge = edgesOf('fast')
const BIG = Buffer.alloc(16_000_000, 120)
const LIMITS = { writeStallMs: 300, answerBytesPerSecond: 100_000_000 }

suite('a client that takes nothing of its answer, and sends to be taken for a busy one', () => {
  const slow: [name: string, request: string, drip: string][] = [
    ['with the begin of another request', 'GET /big HTTP/1.1\r\nHost: x\r\n\r\n', 'G'],
    ['with an answer of the gateway itself', 'GET /deny HTTP/1.1\r\nHost: x\r\n\r\n', 'G'],
    [
      'with a body that nobody wants',
      'POST /deny HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\nx\r\n',
    ],
  ]
  for (const [name, request, drip] of slow) {
    test(`is let go, ${name}`, async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`)
          socket.write(BIG)
        })
      })
      const { core, listener, port } = await startEdge(t, origin, LIMITS)
      const forward = core.head
      core.head = (exchange) =>
        exchange.head.rawTarget === '/big'
          ? forward(exchange)
          : { kind: 'answer', answer: { status: 403, headers: [], body: BIG, close: false } }
      const client = new RawClient(port).write(request)
      client.socket.setNoDelay(true)
      client.socket.pause()
      const drips = setInterval(() => client.write(drip), 50)
      t.after(() => {
        clearInterval(drips)
        client.socket.destroy()
      })
      await eventually(() => core.ended.length === 1)
      await eventually(() => listener.connections() === 0)
      assert.equal(core.ended[0]?.abortedBy, 'client')
    })
  }

  test('is kept when it is only slow', async (t) => {
    const { core, port } = await startEdge(t, 'http://127.0.0.1:9', {
      ...LIMITS,
      answerBytesPerSecond: 500_000,
    })
    core.head = () => ({
      kind: 'answer',
      answer: { status: 200, headers: [], body: BIG, close: true },
    })
    const client = new RawClient(port).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let bytes = 0
    client.socket.on('data', (text: string) => {
      bytes += text.length
      client.text = ''
      if (bytes % 5 !== 0) return
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 2)
    })
    await client.closed()
    assert.ok(bytes > BIG.length)
  })
})
