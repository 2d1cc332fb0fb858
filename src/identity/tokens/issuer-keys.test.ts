import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/clock.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { parseKeySet } from './key-set.ts'
import { keySetDocument } from './testing/token-forge.ts'

const MINUTE = 60_000

/** Keys with a source that counts, can be away, and can be told to wait. */
function setUp() {
  const clock = new FakeClock()
  const state = {
    fetches: 0,
    changes: 0,
    faults: 0,
    fetched: 0,
    isAway: false,
    document: keySetDocument(),
  }
  const keys = new IssuerKeys(
    async () => {
      state.fetches++
      await Promise.resolve()
      const set = parseKeySet(state.document)
      if (state.isAway || set === undefined) throw new Error('away')
      return set
    },
    {
      onChange: () => state.changes++,
      onFault: () => state.faults++,
      onFetched: () => state.fetched++,
    },
  )
  const find = async (kid = 'rsa-1'): Promise<number | undefined> =>
    (await keys.find('RS256', kid, clock.nowMs()))?.length
  return { clock, keys, state, find }
}

test('fetches once for all who wait', async () => {
  const { state, find } = setUp()
  assert.deepEqual(await Promise.all([find(), find(), find()]), [1, 1, 1])
  assert.equal(state.fetches, 1)
})

test('answers at once while the set is fresh', async () => {
  const { clock, keys, state, find } = setUp()
  await find()
  clock.advance(10 * MINUTE - 1)
  assert.ok(Array.isArray(keys.find('RS256', 'rsa-1', clock.nowMs())))
  assert.equal(state.fetches, 1)
})

test('time travel: an old set is used while a new one is fetched, for an hour at most', async () => {
  const { clock, keys, state, find } = setUp()
  await find()
  state.isAway = true
  clock.advance(10 * MINUTE)
  assert.ok(Array.isArray(keys.find('RS256', 'rsa-1', clock.nowMs())), 'nobody waits')
  await keys.warm(clock.nowMs())
  assert.deepEqual([state.fetches, state.faults], [2, 1])
  clock.advance(50 * MINUTE - 1)
  assert.equal(await find(), 1)
  clock.advance(1)
  assert.equal(await find(), undefined)
  assert.equal(keys.isReady(clock.nowMs()), false)
  state.isAway = false
  clock.advance(30_000)
  assert.equal(state.fetched, 1)
  assert.equal(await find(), 1)
  assert.equal(state.fetched, 2)
})

test('an unknown kid starts one fetch per 30 s, however many ask', async () => {
  const { clock, state, find } = setUp()
  await find()
  clock.advance(30_000)
  for (let i = 0; i < 100; i++) assert.equal(await find(`guess-${i}`), 0)
  assert.equal(state.fetches, 2)
  clock.advance(29_999)
  await find('guess')
  assert.equal(state.fetches, 2)
  clock.advance(1)
  await find('guess')
  assert.equal(state.fetches, 3)
})

test('a new key is found by the fetch that its kid starts', async () => {
  const { clock, state, find } = setUp()
  await find()
  clock.advance(30_000)
  const [first, ...rest] = state.document.keys
  state.document = { keys: [{ ...first, kid: 'rsa-2' }, ...rest] }
  assert.equal(await find('rsa-2'), 1)
  assert.equal(await find('rsa-1'), 0)
  assert.equal(state.changes, 1)
})

test('the same set again is no change', async () => {
  const { clock, keys, state, find } = setUp()
  await find()
  clock.advance(10 * MINUTE)
  await keys.warm(clock.nowMs())
  assert.deepEqual([state.fetches, state.changes], [2, 0])
})

test('without any keys it asks every 2 s', async () => {
  const { clock, state, find } = setUp()
  state.isAway = true
  for (let i = 0; i < 10; i++) assert.equal(await find(), undefined)
  assert.equal(state.fetches, 1)
  clock.advance(2000)
  await find()
  assert.equal(state.fetches, 2)
})
