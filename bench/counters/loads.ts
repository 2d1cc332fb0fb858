import { readFileSync } from 'node:fs'
import { percentile } from '../machine/statistics.ts'

/** One request's questions; `call`: which request it is. */
export type AskOnce = (call: number) => unknown

/** What a load cost. Times are of whole requests, in milliseconds. */
export interface Measured {
  /** Processor time of this process for one request, user and system, microseconds. */
  readonly us: number
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
  /** How long this process was ready to run and another had the processor, of 1; `NaN` where the system does not say. */
  readonly waited: number
}

const MAX_TIMES = 1 << 18

/** The last times, in a place of their own: a list of so many would make pauses of the collector like those to be seen. */
class Times {
  readonly #all = new Float64Array(MAX_TIMES)
  #count = 0

  add(ms: number): void {
    this.#all[this.#count++ % MAX_TIMES] = ms
  }

  all(): readonly number[] {
    return Array.from(this.#all.subarray(0, Math.min(this.#count, MAX_TIMES)))
  }
}

async function watched(load: (times: Times) => Promise<number>): Promise<Measured> {
  const times = new Times()
  const [cpu, waitedMs, begunMs] = [process.cpuUsage(), waitedForMs(), performance.now()]
  const calls = await load(times)
  const tookMs = performance.now() - begunMs
  const { user, system } = process.cpuUsage(cpu)
  const all = times.all()
  return {
    us: (user + system) / calls,
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    perSecond: (calls * 1000) / tookMs,
    waited: (waitedForMs() - waitedMs) / tookMs,
  }
}

/**
 * A closed loop: so many callers, each asking on when it was answered, as fast as it goes. The machine is full, so that
 * a time is mostly that of the queue: `atOnce` divided by what is done per second.
 */
export function saturated(ask: AskOnce, atOnce: number, seconds: number): Promise<Measured> {
  return watched(async (times) => {
    let calls = 0
    const endMs = performance.now() + seconds * 1000
    const caller = async (): Promise<void> => {
      while (performance.now() < endMs) {
        calls += 1
        const startedMs = performance.now()
        await ask(calls)
        times.add(performance.now() - startedMs)
        // Where nothing waits, other callers get their turn all the same.
        if (calls % 1024 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, caller))
    return calls
  })
}

/** Timers are no finer than that; what a request waits for one is not the counters'. */
const TIMER_MS = 1

/**
 * An open loop: so many requests per second come, whether those before them were answered or not, all of a millisecond
 * together. A time counts from when a request was due, or a timer's grain later, so that it holds whatever kept this
 * process busy.
 */
export function paced(ask: AskOnce, perSecond: number, seconds: number): Promise<Measured> {
  return watched(async (times) => {
    let calls = 0
    const open = new Set<Promise<void>>()
    const begunMs = performance.now()
    const one = async (fromMs: number): Promise<void> => {
      await ask(calls)
      times.add(performance.now() - fromMs)
    }
    const come = (): boolean => {
      const passedMs = Math.floor(Math.min(performance.now() - begunMs, seconds * 1000))
      while (calls < (passedMs * perSecond) / 1000) {
        const dueMs = begunMs + Math.ceil((calls * 1000) / perSecond)
        const fromMs = Math.min(performance.now(), dueMs + TIMER_MS)
        calls += 1
        const asked = one(fromMs)
        open.add(asked)
        void asked.finally(() => open.delete(asked))
      }
      return passedMs < seconds * 1000
    }
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (come()) return
        clearInterval(timer)
        resolve()
      }, TIMER_MS)
    })
    await Promise.all(open)
    return calls
  })
}

/** How long this thread has waited for a processor since it began, milliseconds (Linux). */
function waitedForMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return NaN
  }
}
