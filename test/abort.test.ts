import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { plannedExchanges } from './fuzz/exchanges.ts'
import type { PlannedExchange } from './fuzz/exchanges.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { until } from './kit/until.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startRawUpstream } from './kit/upstream.ts'
import { openWire } from './kit/wire.ts'
import type { Wire } from './kit/wire.ts'
import { libraryDocument } from './library/behind-gateway.ts'

// ABORT_STEP=1 cuts at every byte; the short form at one of so many: ABORT_STEP=1 node --test test/abort.test.ts
const STEP = Number(process.env['ABORT_STEP'] ?? 9)
const AT_ONCE = 12
/** Exchanges after which memory is looked at for the first time. */
const WARM = 15
const MAX_GROWTH_BYTES = 60 * 1_048_576

const config = (upstream: string, transport: string): string =>
  `openapi: ./openapi.yaml\nupstream: { url: "${upstream}", timeout: 2s, breaker: off, retry: 0 }\n` +
  'listen: { https: 8443, http: 8080, plain: serve, address: 127.0.0.1 }\n' +
  'limits: { ip: off, principal: off, failures: off, errors: off, operations: off, overload: off }\n' +
  `transport: ${transport}\n`

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What the process holds, without garbage. */
function memory(): number {
  collectGarbage()
  return process.memoryUsage().rss
}

/** The offsets at which a text of so many bytes is cut: its first and last bytes, and one of every `STEP` between. */
function cutsOf(length: number, shift: number): readonly number[] {
  const cuts = new Set([0, 1, length - 1])
  for (let at = shift % STEP; at < length; at += STEP) cuts.add(at)
  return [...cuts].filter((at) => at >= 0 && at < length)
}

/** Does things for each item, some at once. */
async function forEach<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await act(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

for (const transport of ['node', 'fast'] as const) {
  suite(`connections cut anywhere, transport ${transport}`, () => {
    let upstream: TestUpstream
    let gateway: TestGateway
    let exchanges: readonly PlannedExchange[]
    /** What the upstream says, by the number that a request carries. */
    const scripts = new Map<string, (socket: Socket) => void>()
    let count = 0

    before(async () => {
      upstream = await startRawUpstream((socket, piece) => {
        const text = piece.toString('latin1')
        for (const [, number = ''] of text.matchAll(/accept-language: (\d+)/gi)) {
          scripts.get(number)?.(socket)
        }
      })
      gateway = await startGateway({
        yaml: config(upstream.url, transport),
        files: { 'openapi.yaml': libraryDocument() },
      })
      exchanges = plannedExchanges((await gateway.createKey()).key)
    })
    after(async () => {
      await gateway.close()
      await upstream.close()
    })

    /** A connection on which requests carry a number, and what the upstream answers to it. */
    async function dial(script: (socket: Socket) => void): Promise<{ wire: Wire; number: string }> {
      const number = String(++count)
      scripts.set(number, script)
      const wire = await openWire({ port: gateway.httpPort, from: `127.61.${1 + (count % 250)}.1` })
      wire.socket.removeAllListeners('error')
      wire.socket.on('error', () => wire.socket.destroy())
      return { wire, number }
    }

    const bytesOf = ({ request }: PlannedExchange, number: string): Buffer =>
      Buffer.from(request.replaceAll('Host: ', `Accept-Language: ${number}\r\nHost: `), 'latin1')

    /** The client says so many bytes and is gone; half of them with a reset. */
    async function cutRequest(exchange: PlannedExchange, at: number): Promise<void> {
      const { wire, number } = await dial((socket) => socket.write(exchange.answer, 'latin1'))
      const bytes = bytesOf(exchange, number)
      await new Promise((resolve) => wire.socket.write(bytes.subarray(0, at), resolve))
      if (at % 2 === 0) wire.socket.destroy()
      else wire.socket.resetAndDestroy()
      scripts.delete(number)
    }

    /** The client is gone when the upstream has said so many bytes. */
    async function cutWhileAnswered(exchange: PlannedExchange, at: number): Promise<void> {
      let isSaid = false
      const { wire, number } = await dial((socket) => {
        socket.write(Buffer.from(exchange.answer.slice(0, at), 'latin1'), () => {
          isSaid = true
          wire.socket.destroy()
          setTimeout(() => {
            if (socket.writable) socket.write(exchange.answer.slice(at), 'latin1')
          }, 2).unref()
        })
      })
      wire.socket.write(bytesOf(exchange, number))
      assert.ok(await until(() => isSaid), exchange.name)
      scripts.delete(number)
    }

    /** The upstream says so many bytes and is gone; the client must get an answer or the end, at once. */
    async function cutAnswer(exchange: PlannedExchange, at: number): Promise<void> {
      const { wire, number } = await dial((socket) =>
        socket.write(Buffer.from(exchange.answer.slice(0, at), 'latin1'), () => socket.destroy()),
      )
      wire.socket.write(bytesOf(exchange, number))
      const isOver = (): boolean => /\r\n\r\n/.test(wire.text()) || wire.socket.destroyed
      assert.ok(await until(isOver), `${exchange.name}, cut at ${at}: ${wire.text()}`)
      const text = wire.text()
      assert.ok(text === '' || /^HTTP\/1\.1 (?:200|204|502) /.test(text), text)
      if (at === 0) assert.match(text, /^HTTP\/1\.1 502 /)
      wire.socket.destroy()
      scripts.delete(number)
    }

    /** Everything is as if nothing had happened. */
    async function assertHealthy(what: string): Promise<void> {
      for (const exchange of exchanges.slice(0, 1)) {
        const { wire, number } = await dial((socket) => socket.write(exchange.answer, 'latin1'))
        wire.socket.write(bytesOf(exchange, number))
        assert.ok(
          await until(() => wire.text().endsWith('{"fine":true}')),
          `${what}: ${wire.text()}`,
        )
        wire.socket.destroy()
        scripts.delete(number)
      }
      const gauge = (name: string): number => {
        const text = gateway.running.gateway.recorder.metricsText()
        return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? -1)
      }
      assert.ok(await until(() => gauge('sallyport_inflight') === 0), `${what}: requests in flight`)
      assert.ok(await until(() => gauge('sallyport_conn_active') === 0), `${what}: connections`)
    }

    const ways: readonly [
      name: string,
      cut: (exchange: PlannedExchange, at: number) => Promise<void>,
      length: (exchange: PlannedExchange) => number,
    ][] = [
      [
        'a client that goes in the middle of its request',
        cutRequest,
        (exchange) => bytesOf(exchange, '1').length,
      ],
      [
        'a client that goes in the middle of the answer',
        cutWhileAnswered,
        ({ answer }) => answer.length,
      ],
      [
        'an upstream that goes in the middle of its answer',
        cutAnswer,
        ({ answer }) => answer.length,
      ],
    ]
    for (const [name, cut, length] of ways) {
      test(`${name} leaves nothing behind`, async () => {
        let before = 0
        for (const [index, exchange] of exchanges.entries()) {
          // A process that has just begun grows because it compiles itself.
          if (index === WARM) before = memory()
          await forEach(cutsOf(length(exchange), index), (at) => cut(exchange, at))
          if (index % 10 === 9) await assertHealthy(`${name}, after ${exchange.name}`)
        }
        const grown = memory() - before
        assert.ok(grown < MAX_GROWTH_BYTES, `${grown >> 20} MiB more`)
        const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')
        // Idle connections to the upstream: both their ends are in this process.
        assert.ok(sockets.length < 300, `${sockets.length} sockets`)
      })
    }
  })
}
