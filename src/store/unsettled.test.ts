import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Demand } from './counters.ts'
import { MemoryCounters } from './memory-counters.ts'
import { UnaskedError, Unsettled } from './unsettled.ts'
import type { Debt, Settling } from './unsettled.ts'

const RATE = { count: 10, windowMs: 60_000, burst: 5 }
const demand = (key: string, cost = 1): Demand => ({ key, kind: 'bucket', rate: RATE, cost })

function ledger(fails: unknown[] = []) {
  const memory = new MemoryCounters()
  const told: Debt[] = []
  const shared: Settling = {
    ban: (key, untilMs, nowMs) => memory.ban(key, untilMs, nowMs),
    reset: (key) => memory.reset(key),
    owe: async (debts) => {
      await Promise.resolve()
      const fault = fails.shift()
      if (fault !== undefined) throw fault
      told.push(...debts)
    },
  }
  return { shared, told, memory }
}

suite('what is told to counters that were away', () => {
  test('what one key was allowed is one debt', async () => {
    const { shared, told } = ledger()
    const unsettled = new Unsettled()
    for (let i = 0; i < 3; i++)
      unsettled.allow([demand('a'), { ...demand('a', 2), kind: 'window' }])
    await unsettled.settle(shared, 0)
    assert.deepEqual(
      told.map((debt) => [debt.demand.kind, debt.demand.cost]),
      [
        ['bucket', 3],
        ['window', 6],
      ],
    )
    assert.ok(told.every(({ agoMs }) => agoMs >= 0 && agoMs < 5000))
    assert.ok(unsettled.isEmpty)
  })

  test('all keys are told, a part at a time', async () => {
    const { shared, told } = ledger()
    const unsettled = new Unsettled()
    for (let i = 0; i < 1000; i++) unsettled.allow([demand(`k${i}`)])
    await unsettled.settle(shared, 0)
    assert.equal(new Set(told.map((debt) => debt.demand.key)).size, 1000)
  })

  test('what was never sent is told later, what may have arrived is not told twice', async () => {
    const { shared, told } = ledger([new UnaskedError('away'), new Error('late')])
    const unsettled = new Unsettled()
    unsettled.allow([demand('a')])
    await assert.rejects(unsettled.settle(shared, 0), UnaskedError)
    unsettled.allow([demand('a')])
    await assert.rejects(unsettled.settle(shared, 0), /late/)
    assert.ok(unsettled.isEmpty)
    await unsettled.settle(shared, 0)
    assert.deepEqual(told, [])
  })

  test('the last word about a ban counts', async () => {
    const { shared, memory } = ledger()
    const unsettled = new Unsettled()
    memory.ban('lifted', 1000, 0)
    unsettled.ban('banned', 0)
    unsettled.ban('banned', 1000)
    unsettled.ban('lifted', 1000)
    unsettled.ban('lifted', 0)
    await unsettled.settle(shared, 0)
    assert.equal(memory.isBanned('banned', 1), 1000)
    assert.equal(memory.isBanned('lifted', 1), undefined)
  })

  test('strangers cannot make it grow without end', async () => {
    const { shared, told } = ledger()
    const unsettled = new Unsettled()
    for (let i = 0; i < 20_000; i++) unsettled.allow([demand(`k${i}`)])
    await unsettled.settle(shared, 0)
    assert.equal(told.length, 10_000)
  })
})
