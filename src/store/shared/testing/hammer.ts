import { parentPort, workerData } from 'node:worker_threads'
import type { BucketRate } from '../../counters.ts'
import { SharedCounters } from '../shared-counters.ts'
import type { SharedCounterMemory } from '../shared-counters.ts'

/** What a thread that hammers is started with. */
export interface HammerTask {
  readonly memory: SharedCounterMemory
  readonly thread: number
  readonly keys: number
  readonly nowMs: number
  /** Operations until it ends by itself; `Infinity`: until it is killed. */
  readonly operations: number
  /** Takes that were allowed, by key; then failures counted, by key. */
  readonly done: Int32Array
}

/** A bucket that does not refill during a test. */
export const HAMMERED: BucketRate = { count: 1, windowMs: 3_600_000, burst: 500 }
/** The 50th failure bans. */
export const HAMMERED_RULE = { count: 50, windowMs: 300_000, banMs: 900_000 }

/** Takes from (and, every third time, fails) one key after the other. */
export function hammer(task: HammerTask): void {
  const { memory, thread, keys, nowMs, done } = task
  const counters = new SharedCounters(memory, thread)
  for (let i = 0; i < task.operations; i++) {
    const key = (i * (2 * thread + 1)) % keys
    if (counters.take(`k${key}`, HAMMERED, 1, nowMs).allowed) Atomics.add(done, key, 1)
    if (i % 3 === 0 && counters.isBanned(`k${key}`, nowMs) === undefined) {
      counters.fail(`k${key}`, HAMMERED_RULE, nowMs)
      Atomics.add(done, keys + key, 1)
    }
  }
}

if (parentPort !== null) hammer(workerData as HammerTask)
