// node bench/upstream/run.ts [--calls 20000] [--rounds 5] [--concurrency 64]: CPU of undici and of raw connections. See README.md
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { CallEvents, UpstreamPool } from '../../src/edges/exchange/upstream-port.ts'
import { RawPool } from '../../src/edges/fast/raw-pool.ts'
import { UndiciPool } from '../../src/edges/node/undici-pool.ts'
import type { UpstreamRequest } from '../../src/gateway/core.ts'

interface Kind {
  readonly name: string
  readonly method: string
  readonly requestBytes: number
  readonly answerBytes: number
  /** Of the calls of a round; default: all. */
  readonly share?: number
}

const KINDS: readonly Kind[] = [
  { name: 'GET 300 B', method: 'GET', requestBytes: 0, answerBytes: 300 },
  { name: 'POST 500 B', method: 'POST', requestBytes: 500, answerBytes: 300 },
  { name: 'GET 10 KB', method: 'GET', requestBytes: 0, answerBytes: 10_240 },
  { name: 'GET 1 MB', method: 'GET', requestBytes: 0, answerBytes: 1_048_576, share: 0.02 },
]

const HEADERS: readonly string[] = [
  'host',
  '127.0.0.1',
  'accept',
  'application/json',
  'user-agent',
  'bench/1.0',
  'x-forwarded-for',
  '127.0.0.1',
  'x-forwarded-proto',
  'https',
  'sallyport-request-id',
  '0123456789abcdef0123',
]

const { values: options } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '64' },
  },
})

/** Answers whatever it reads; requests here are never cut in two. */
function serve(bytes: number): void {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`
  const answer = Buffer.from(head + 'x'.repeat(bytes))
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(answer))
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

/** One caller: the next call begins when the one before has ended. */
class Caller implements CallEvents {
  readonly #pool: UpstreamPool
  readonly #request: UpstreamRequest
  readonly #body: Buffer | undefined
  readonly #done: () => void
  #left: number

  constructor(
    pool: UpstreamPool,
    plan: { request: UpstreamRequest; body: Buffer | undefined; calls: number },
    done: () => void,
  ) {
    this.#pool = pool
    this.#request = plan.request
    this.#body = plan.body
    this.#left = plan.calls
    this.#done = done
  }

  next(): void {
    if (this.#left === 0) return this.#done()
    this.#left--
    const plan = { request: this.#request, body: this.#body, events: this }
    this.#pool.call({ ...plan, streamedBytes: undefined, upgrade: undefined }).start()
  }

  upstreamHead(): void {}

  /** Needs nothing of it: its memory is free again. */
  upstreamData(): boolean {
    return true
  }

  upstreamEnd(): void {
    this.next()
  }

  upstreamError(cause: string, detail: string): void {
    throw new Error(`${cause}: ${detail}`)
  }

  upstreamUpgrade(): void {
    throw new Error('nobody asked for that')
  }
}

async function round(pool: UpstreamPool, kind: Kind, calls: number): Promise<number> {
  const concurrency = Number(options.concurrency)
  const body = kind.requestBytes === 0 ? undefined : Buffer.alloc(kind.requestBytes, 'x')
  const { method } = kind
  const request = {
    upstream: 'x',
    method,
    path: '/v1/items/7',
    headers: HEADERS,
    firstByteMs: 1000,
  }
  const before = process.cpuUsage()
  await Promise.all(
    Array.from(
      { length: concurrency },
      () =>
        new Promise<void>((resolve) => {
          const plan = { request, body, calls: Math.ceil(calls / concurrency) }
          new Caller(pool, plan, resolve).next()
        }),
    ),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function compare(): Promise<void> {
  console.log(`${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()[0]?.toFixed(2) ?? '?'}`)
  console.log('CPU us per call: min, median')
  for (const kind of KINDS) {
    const calls = Number(options.calls) * (kind.share ?? 1)
    const upstream = fork(import.meta.filename, ['upstream', String(kind.answerBytes)])
    const target = { origin: await originOf(upstream), connectMs: 1000, ca: undefined }
    const pools = { undici: new UndiciPool(target), raw: new RawPool(target) }
    const found: Record<keyof typeof pools, number[]> = { undici: [], raw: [] }
    for (let i = 0; i <= Number(options.rounds); i++) {
      for (const name of ['undici', 'raw'] as const) {
        const us = await round(pools[name], kind, calls)
        // The first round warms up.
        if (i > 0) found[name].push(us)
      }
    }
    print(kind.name, found.undici, found.raw)
    await Promise.all([pools.undici.destroy(), pools.raw.destroy()])
    upstream.kill()
  }
}

async function originOf(upstream: ChildProcess): Promise<string> {
  const [port] = (await once(upstream, 'message')) as [number]
  return `http://127.0.0.1:${port}`
}

function print(name: string, undici: number[], raw: number[]): void {
  const text = (all: number[]): string => `${least(all).toFixed(1)} ${median(all).toFixed(1)}`
  const ratio = (median(undici) / median(raw)).toFixed(2)
  console.log(`${name.padEnd(12)} undici ${text(undici)}   raw ${text(raw)}   ratio ${ratio}`)
}

function least(all: readonly number[]): number {
  return Math.min(...all)
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0
}

if (process.argv[2] === 'upstream') serve(Number(process.argv[3]))
else await compare()
