import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KeyVersions, KeyVersionsKeeper, newKeyVersions } from './key-versions.ts'

const A = 'aaaaaaaaaaaa'
const B = 'bbbbbbbbbbbb'

function open() {
  const memory = newKeyVersions()
  const versions = new KeyVersions(memory)
  const store = { token: 1, isAway: false }
  const token = (): number => {
    if (store.isAway) throw new Error('away')
    return store.token
  }
  const keeper = new KeyVersionsKeeper(versions, token, 0)
  const elsewhere = new KeyVersions(memory)
  const stamps = (): readonly number[] =>
    [A, B].map((id) => elsewhere.stampOf(elsewhere.slotOf(id)))
  return { keeper, store, stamps }
}

type Scene = ReturnType<typeof open>

/** What happens, then whether the stamps of A and B are others in another thread. */
const cases: readonly [name: string, act: (at: Scene) => void, changed: readonly boolean[]][] = [
  ['a look without changes moves nothing', ({ keeper }) => keeper.poll(1), [false, false]],
  [
    'an own change moves the stamp of its key only',
    ({ keeper, store }) => {
      store.token++
      keeper.wrote(A, 1)
      keeper.poll(2)
    },
    [true, false],
  ],
  [
    'a write that changed nothing counts as a change of its key',
    ({ keeper }) => keeper.wrote(A, 1),
    [true, false],
  ],
  [
    'a change of another process moves all',
    ({ keeper, store }) => {
      store.token++
      keeper.poll(1)
    },
    [true, true],
  ],
  [
    'a change of another process beside an own one moves all',
    ({ keeper, store }) => {
      store.token += 2
      keeper.wrote(A, 1)
    },
    [true, true],
  ],
  [
    'a store that is away for a minute is waited for',
    ({ keeper, store }) => {
      store.isAway = true
      keeper.poll(55_000)
    },
    [false, false],
  ],
  [
    'a store that is away for longer may hide revocations',
    ({ keeper, store }) => {
      store.isAway = true
      keeper.poll(55_001)
    },
    [true, true],
  ],
]

suite('versions of keys that threads share', () => {
  for (const [name, act, changed] of cases)
    test(name, () => {
      const scene = open()
      const before = scene.stamps()
      act(scene)
      assert.deepEqual(
        scene.stamps().map((stamp, i) => stamp !== before[i]),
        changed,
      )
    })

  test('ids spread over the slots', () => {
    const versions = new KeyVersions(newKeyVersions())
    const ids = Array.from({ length: 1000 }, (_, i) => i.toString(32).padStart(12, 'a'))
    assert.ok(new Set(ids.map((id) => versions.slotOf(id))).size > 950)
  })
})
