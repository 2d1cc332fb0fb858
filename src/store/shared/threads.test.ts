import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CounterKeeper, newCounterMemory, SharedCounters } from './shared-counters.ts'
import type { SharedCounterLimits, SharedCounterMemory } from './shared-counters.ts'
import { HAMMERED, HAMMERED_RULE, hammer } from './testing/hammer.ts'
import type { HammerTask } from './testing/hammer.ts'

const NOW = Date.UTC(2026, 0, 1)
const HAMMER = new URL('./testing/hammer.ts', import.meta.url)

function newTask(keys: number, limits: SharedCounterLimits = {}): HammerTask {
  return {
    memory: newCounterMemory(NOW, limits),
    thread: 0,
    keys,
    nowMs: NOW,
    operations: Infinity,
    done: new Int32Array(new SharedArrayBuffer(12 * keys)),
  }
}

/** Keys that nobody else uses, so that the halves of the tables turn all the time. */
function churn(memory: SharedCounterMemory, thread: number): () => void {
  const counters = new SharedCounters(memory, thread)
  const keeper = new CounterKeeper(memory)
  let next = 0
  return () => {
    for (let i = 0; i < 200; i++) {
      counters.take(`churn${next}`, { count: 1, windowMs: 1, burst: 1 }, 1, NOW - 1)
      const rate = { count: 1, windowMs: 1, burst: 1 }
      counters.decide([{ key: `churn${next}`, kind: 'window', rate, cost: 1 }], NOW - 1000)
      counters.fail(`churn${next++}`, { count: 2, windowMs: 1, banMs: 1 }, NOW - 1)
    }
    // By now the churned quotas are over as well.
    keeper.tend(NOW + 1000)
  }
}

/**
 * Quotas of three keys together want more than the bucket that they share has: exactly what it has was allowed, or
 * less by what killed threads took without being able to say so.
 */
function assertDecisions({ done, keys }: HammerTask, lost: number): void {
  const groups = Math.ceil(keys / 3)
  let missing = 0
  for (let group = 0; group < groups; group++) {
    let allowed = 0
    let room = 0
    for (let key = group; key < keys; key += groups) {
      const own = done[2 * keys + key] ?? 0
      assert.ok(own <= 300, `quota of ${key}: ${own}`)
      allowed += own
      room += 300
    }
    const most = Math.min(room, HAMMERED.burst)
    assert.ok(allowed <= most, `${allowed} of group ${group}`)
    missing += most - allowed
  }
  assert.ok(missing <= lost, `${missing} decisions are missing`)
}

suite('threads that share counters', () => {
  test('lose no count and allow no take too many while the tables turn under them', async () => {
    const keys = 40
    const task = newTask(keys, { maxBuckets: 512, maxBans: 512, maxSlices: 512 })
    const workers = [1, 2, 3, 4].map(
      (thread) => new Worker(HAMMER, { workerData: { ...task, thread, operations: 40_000 } }),
    )
    const step = churn(task.memory, 9)
    const timer = setInterval(step, 1)
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    clearInterval(timer)
    assertDecisions(task, 0)
    for (let key = 0; key < keys; key++) {
      assert.equal(task.done[key], HAMMERED.burst, `takes of k${key}`)
      const failures = task.done[keys + key] ?? 0
      // Whoever looked before the ban and failed after it adds one for each other thread at most.
      assert.ok(
        failures >= HAMMERED_RULE.count && failures <= HAMMERED_RULE.count + 3,
        `${failures}`,
      )
    }
  })

  test('stay right when threads are killed at any moment', async () => {
    const keys = 400
    const bound = { maxBuckets: 2048, maxBans: 2048, maxFailureLogs: 2048, maxSlices: 2048 }
    const task = newTask(keys, bound)
    const keeper = new CounterKeeper(task.memory)
    const step = churn(task.memory, 9)
    const timer = setInterval(step, 1)
    const kills = 60
    const killSome = async (thread: number): Promise<void> => {
      for (let kill = 0; kill < kills / 3; kill++) {
        const worker = new Worker(HAMMER, { workerData: { ...task, thread } })
        await once(worker, 'online')
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 6))
        await worker.terminate()
        keeper.threadGone(thread)
      }
    }
    await Promise.all([killSome(1), killSome(2), killSome(3)])
    clearInterval(timer)
    hammer({ ...task, thread: 5, operations: 3 * keys * HAMMERED.burst })
    assertDecisions(task, kills)
    let missing = 0
    for (let key = 0; key < keys; key++) {
      const allowed = task.done[key] ?? 0
      assert.ok(allowed <= HAMMERED.burst, `k${key} was allowed ${allowed} times`)
      missing += HAMMERED.burst - allowed
    }
    // A killed thread may have taken without being able to say so: one take at most.
    assert.ok(missing <= kills, `${missing} takes are missing`)
    const counters = new SharedCounters(task.memory, 6)
    for (let key = 0; key < keys; key++)
      assert.ok(counters.isBanned(`k${key}`, NOW) !== undefined, `k${key} is banned`)
    assert.equal(counters.take('fresh', HAMMERED, 1, NOW).remaining, HAMMERED.burst - 1)
    counters.reset('k0')
    assert.equal(counters.isBanned('k0', NOW), undefined)
  })
})
