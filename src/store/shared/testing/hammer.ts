import { parentPort, workerData } from 'node:worker_threads'
import type { BucketRate, Demand } from '../../counters.ts'
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
  /** Takes that were allowed, by key; then failures counted, by key; then decisions that were allowed, by key. */
  readonly done: Int32Array
}

/** A bucket that does not refill during a test. */
export const HAMMERED: BucketRate = { count: 1, windowMs: 3_600_000, burst: 500 }
/** The 50th failure bans. */
export const HAMMERED_RULE = { count: 50, windowMs: 300_000, banMs: 900_000 }

/** A quota for each key, with a bucket that every three keys share. */
export function hammeredDemands(key: number, keys: number): readonly Demand[] {
  return [
    { key: `quota${key}`, kind: 'window', rate: { ...HAMMERED, count: 300 }, cost: 1 },
    { key: `shared${key % Math.ceil(keys / 3)}`, kind: 'bucket', rate: HAMMERED, cost: 1 },
  ]
}

/** Takes from (and, every third time, fails) one key after the other. */
export function hammer(task: HammerTask): void {
  const { memory, thread, keys, nowMs, done } = task
  const counters = new SharedCounters(memory, thread)
  for (let i = 0; i < task.operations; i++) {
    const key = (i * (2 * thread + 1)) % keys
    if (counters.take(`k${key}`, HAMMERED, 1, nowMs).allowed) Atomics.add(done, key, 1)
    if (i % 3 === 1 && counters.decide(hammeredDemands(key, keys), nowMs).allowed)
      Atomics.add(done, 2 * keys + key, 1)
    if (i % 3 === 0 && counters.isBanned(`k${key}`, nowMs) === undefined) {
      counters.fail(`k${key}`, HAMMERED_RULE, nowMs)
      Atomics.add(done, keys + key, 1)
    }
  }
}

if (parentPort !== null) hammer(workerData as HammerTask)
