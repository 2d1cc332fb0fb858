import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '../machine/statistics.ts'

/** What another client saw. */
export interface Seen {
  readonly asked: number
  readonly failed: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

/** An answer after this long is none. */
const PATIENCE_MS = 1000
const EVERY_MS = 100

/** Asks from `localAddress` until told to stop, by turns on a new connection and on one that stays. */
export function probe(url: string, localAddress: string): () => Promise<Seen> {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  let failed = 0
  const ending = new AbortController()
  const ask = async (turn: number): Promise<void> => {
    const start = performance.now()
    const isGood = await answers(url, localAddress, turn % 2 === 0 ? kept : undefined)
    times.push(performance.now() - start)
    if (!isGood) failed += 1
  }
  const run = async (): Promise<void> => {
    for (let turn = 0; !ending.signal.aborted; turn += 1) {
      const next = sleep(EVERY_MS)
      await ask(turn)
      await next
    }
  }
  const running = run()
  return async () => {
    ending.abort()
    await running
    kept.destroy()
    const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => percentile(times, share))
    return { asked: times.length, failed, p50: p50 ?? NaN, p99: p99 ?? NaN, worst: worst ?? NaN }
  }
}

function answers(url: string, localAddress: string, agent: Agent | undefined): Promise<boolean> {
  return new Promise((done) => {
    const options = { localAddress, agent: agent ?? false, timeout: PATIENCE_MS }
    const request = get(url, options, (response) => {
      response.resume().once('end', () => done(response.statusCode === 200))
      response.once('error', () => done(false))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => done(false))
  })
}
