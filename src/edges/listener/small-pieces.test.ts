import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  cannedUpstream,
  edgesOf,
  exchangeRaw,
  httpUpstream,
  RawClient,
} from '../testing/edge-kit.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const LINES = Array.from({ length: 300 }, (_, i) => `line ${i};`)
const chunked = (type: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n` +
  LINES.map((line) => `${line.length.toString(16)}\r\n${line}\r\n`).join('') +
  '0\r\n\r\n'

/** Sizes of the chunks of an answer, and its text. */
function chunksOf(answer: string): { readonly sizes: readonly number[]; readonly text: string } {
  let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  const sizes: number[] = []
  let text = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, end), 16)
    if (size === 0) return { sizes, text }
    sizes.push(size)
    text += rest.slice(end + 2, end + 2 + size)
    rest = rest.slice(end + 4 + size)
  }
}

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: small pieces of an answer`, () => {
    const startEdge = edgesOf(transport)

    test('that come together leave together, byte for byte', async (t) => {
      const { port } = await startEdge(t, await cannedUpstream(t, chunked('application/json')))
      const { sizes, text } = chunksOf(await exchangeRaw(port, GET))
      assert.equal(text, LINES.join(''))
      assert.ok(sizes.length <= 3, `${sizes.length} chunks`)
    })

    test('of an unknown length leave with the head', async (t) => {
      const origin = await httpUpstream(t, (_req, res) => {
        res.write('first')
        setTimeout(() => res.end('last'), 60)
      })
      const { port } = await startEdge(t, origin)
      const client = new RawClient(port)
      const reads: string[] = []
      client.socket.on('data', (chunk: string) => reads.push(chunk))
      client.write(GET)
      await client.closed()
      assert.match(reads[0] ?? '', /^HTTP\/1\.1 200 [^]*first/)
    })

    test('do not wait for more, whatever their type, and the head does not wait for them', async (t) => {
      for (const type of ['application/json', 'text/event-stream', 'application/x-ndjson']) {
        const origin = await httpUpstream(t, (_req, res) => {
          res.writeHead(200, { 'content-type': type }).flushHeaders()
          setTimeout(() => res.write('one'), 80)
          setTimeout(() => res.write('two'), 160)
          setTimeout(() => res.destroy(), 240)
        })
        const { port } = await startEdge(t, origin)
        const client = new RawClient(port).write(GET)
        await sleep(60)
        assert.match(client.text, /^HTTP\/1\.1 200 [^]*\r\n\r\n$/)
        await client.until(/one\r\n$/)
        await client.until(/two\r\n$/)
        assert.doesNotMatch(await client.closed(), /\r\n0\r\n/)
      }
    })

    test('are not lost when the API breaks off behind them', async (t) => {
      const cut = chunked('application/json').slice(0, -5)
      const { port, core } = await startEdge(t, await cannedUpstream(t, cut))
      const text = await exchangeRaw(port, GET)
      assert.match(text, /line 299;/)
      assert.doesNotMatch(text, /\r\n0\r\n/)
      assert.equal(core.ended[0]?.abortedBy, 'upstream')
    })

    test('of a known length are whole', async (t) => {
      const body = LINES.join('')
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`
      const { port, core } = await startEdge(t, await cannedUpstream(t, head + body))
      assert.ok((await exchangeRaw(port, GET)).endsWith(`\r\n\r\n${body}`))
      assert.equal(core.ended[0]?.bytesOut, body.length)
    })

    test('pass a client that is slow, in order', async (t) => {
      const piece = 'p'.repeat(1_000)
      const origin = await httpUpstream(t, (_req, res) => {
        for (let i = 0; i < 3_000; i++) res.write(`${i}${piece}`)
        res.end()
      })
      const { port } = await startEdge(t, origin)
      const client = new RawClient(port)
      client.socket.pause()
      client.write(GET)
      await sleep(100)
      client.socket.resume()
      const { text } = chunksOf(await client.closed())
      assert.equal(text, Array.from({ length: 3_000 }, (_, i) => `${i}${piece}`).join(''))
    })
  })
}
