import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import {
  cannedUpstream,
  eventually,
  exchangeRaw,
  httpUpstream,
  RawClient,
  rawUpstream,
  edgesOf,
} from '../testing/edge-kit.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`${transport}: tunnels`, () => {
    const startEdge = edgesOf(transport)

    const UPGRADE = [
      'GET /ws HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '\r\n',
    ].join('\r\n')

    const SWITCH =
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

    async function echoUpstream(t: TestContext): Promise<string> {
      const server = createServer()
      const sockets = new WebSocketServer({ server })
      sockets.on('connection', (socket) =>
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(() => {
        for (const client of sockets.clients) client.terminate()
        sockets.close()
        server.close()
      })
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }

    test('joins both sides of a WebSocket and ends the exchange with them, once', async (t) => {
      const { core, port, listener } = await startEdge(t, await echoUpstream(t))
      core.head = () => ({ kind: 'upgrade' })
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
      const got: unknown[] = []
      socket.addEventListener('message', (event) => got.push(event.data))
      await new Promise((resolve) => socket.addEventListener('open', resolve))
      assert.equal(listener.inFlight(), 0)
      socket.send('hello')
      socket.send('x'.repeat(1_000_000))
      await eventually(() => got.length === 2)
      assert.equal(got[0], 'hello')
      assert.equal(String(got[1]).length, 1_000_000)
      assert.equal(core.ended.length, 0)
      socket.close()
      await eventually(() => core.ended.length === 1)
      assert.ok(
        (core.ended[0]?.bytesIn ?? 0) > 1_000_000 && (core.ended[0]?.bytesOut ?? 0) > 1_000_000,
      )
    })

    test('what the client sends right behind its request goes through', async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          const isFirst = text === ''
          text += chunk.toString()
          if (isFirst) socket.write(SWITCH)
          if (text.endsWith('early')) socket.write('got it')
        })
      })
      const { core, port } = await startEdge(t, origin)
      core.head = () => ({ kind: 'upgrade' })
      const client = new RawClient(port).write(`${UPGRADE}early`)
      assert.match(
        await client.until(/got it/),
        /^HTTP\/1.1 101 [\s\S]*Upgrade: websocket\r\n[\s\S]*got it$/,
      )
      client.socket.destroy()
      await eventually(() => core.ended.length === 1)
    })

    test('nothing reaches the upstream before the core allows it', async (t) => {
      let seen = 0
      const { core, port } = await startEdge(t, await rawUpstream(t, () => seen++))
      core.head = () => ({
        kind: 'answer',
        answer: { status: 401, headers: [], body: 'who?', close: false },
      })
      assert.match(
        await exchangeRaw(port, UPGRADE),
        /^HTTP\/1.1 401 [\s\S]*Connection: close\r\n[\s\S]*who\?$/,
      )
      assert.deepEqual([seen, core.ended.length], [0, 1])
    })

    test('an operation that does not switch answers as usual, and the connection ends', async (t) => {
      const origin = await httpUpstream(t, (req, res) =>
        res.end(`${req.headers.upgrade} ${req.headers.connection}`),
      )
      const { core, port } = await startEdge(t, origin)
      assert.match(
        await exchangeRaw(port, UPGRADE),
        /^HTTP\/1.1 200 [\s\S]*undefined (?:keep-alive|undefined)$/,
      )
      assert.equal(core.ended.length, 1)
    })

    test('an upstream that refuses to switch is heard', async (t) => {
      const { core, port } = await startEdge(
        t,
        await cannedUpstream(t, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
      )
      core.head = () => ({ kind: 'upgrade' })
      assert.match(await exchangeRaw(port, UPGRADE), /^HTTP\/1.1 403 [\s\S]*no$/)
      assert.equal(core.ended.length, 1)
    })

    for (const [name, verdict, status] of [
      [
        'refuses',
        { kind: 'answer', answer: { status: 502, headers: [], body: 'no', close: true } },
        502,
      ],
      ['cannot pass on', { kind: 'buffer', maxBodyBytes: 10 }, 500],
    ] as const) {
      test(`a switch that the core ${name} closes both sides`, async (t) => {
        let gone = 0
        const origin = await rawUpstream(t, (socket) => {
          socket.on('close', () => gone++)
          socket.once('data', () => socket.write(SWITCH))
        })
        const { core, port } = await startEdge(t, origin)
        core.head = () => ({ kind: 'upgrade' })
        core.response = () => verdict
        assert.match(await exchangeRaw(port, UPGRADE), new RegExp(`^HTTP/1.1 ${status} `))
        await eventually(() => gone === 1)
        assert.equal(core.ended.length, 1)
      })
    }

    test('a tunnel without a byte ends after the idle time, one with bytes does not', async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', () => {
          socket.write(SWITCH)
          const timer = setInterval(() => socket.write('.'), 30)
          setTimeout(() => clearInterval(timer), 600)
          socket.on('close', () => clearInterval(timer))
        })
      })
      const { core, port } = await startEdge(t, origin, { tunnelIdleMs: 200 })
      core.head = () => ({ kind: 'upgrade' })
      const client = new RawClient(port).write(UPGRADE)
      await sleep(450)
      assert.equal(client.isClosed, false)
      await client.closed()
      assert.equal(core.ended.length, 1)
    })

    test('a tunnel ends when its upstream goes, and a client that left before it opened', async (t) => {
      const origin = await rawUpstream(t, (socket) => {
        socket.once('data', () => {
          socket.write(SWITCH)
          setTimeout(() => socket.destroy(), 50)
        })
      })
      const { core, port } = await startEdge(t, origin)
      core.head = () => ({ kind: 'upgrade' })
      await exchangeRaw(port, UPGRADE)
      assert.equal(core.ended.length, 1)
      core.head = async () => {
        await sleep(100)
        return { kind: 'upgrade' }
      }
      const client = new RawClient(port).write(UPGRADE)
      await sleep(30)
      client.socket.destroy()
      await eventually(() => core.ended.length === 2)
    })

    const ordinary: [name: string, change: (request: string) => string][] = [
      ['with a body', (request) => request.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\nabc')],
      [
        'by another method',
        (request) =>
          request.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'),
      ],
      ['in HTTP/1.0', (request) => request.replace('HTTP/1.1', 'HTTP/1.0')],
      ['to another protocol', (request) => request.replace('websocket', 'h2c')],
    ]
    for (const [name, change] of ordinary) {
      test(`a switch asked for ${name} is an ordinary request`, async (t) => {
        const { core, port } = await startEdge(
          t,
          await cannedUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
        )
        const client = new RawClient(port).write(change(UPGRADE))
        assert.match(await client.until(/ok$/), /^HTTP\/1.1 200 [\s\S]*ok$/)
        assert.equal(core.ended.length, 1)
        client.socket.destroy()
      })
    }
  })
}
