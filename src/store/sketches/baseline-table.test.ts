import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { BaselineTable } from './baseline-table.ts'
import type { Unusual } from './baseline-table.ts'

const LIMITS = {
  maxKeys: 100,
  windowMs: 1000,
  warmUp: 3,
  factor: 10,
  minimum: { requests: 50, bytes: 1000 },
}

/** A stretch: requests, and the bytes of each. */
type Stretch = readonly [requests: number, bytes: number]

function judged(stretches: readonly Stretch[]): readonly (Unusual['of'] | undefined)[] {
  const table = new BaselineTable(LIMITS)
  return stretches.map(([requests, bytes], slice) => {
    let found: Unusual['of'] | undefined
    for (let n = 0; n < requests; n++)
      found = table.add('a', bytes, slice * LIMITS.windowMs)?.of ?? found
    return found
  })
}

const quiet: Stretch = [2, 100]

const cases: [name: string, stretches: readonly Stretch[], last: Unusual['of'] | undefined][] = [
  ['nothing is unusual before the warm-up', [quiet, quiet, [1, 100_000]], undefined],
  ['ten times the usual bytes are', [quiet, quiet, quiet, [1, 2000]], 'bytes'],
  ['nine times are not', [quiet, quiet, quiet, [1, 1800]], undefined],
  [
    'nor is anything below the least',
    [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 999],
    ],
    undefined,
  ],
  ['many requests are, however small', [quiet, quiet, quiet, [60, 1]], 'requests'],
  [
    'who always takes much takes the usual',
    [
      [1, 5000],
      [1, 5000],
      [1, 5000],
      [1, 9000],
    ],
    undefined,
  ],
]

suite('what is usual', () => {
  for (const [name, stretches, last] of cases)
    test(name, () => assert.equal(judged(stretches).at(-1), last))

  test('is told once in a stretch, and not learnt from', () => {
    const table = new BaselineTable(LIMITS)
    for (let slice = 0; slice < 3; slice++) table.add('a', 200, slice * 1000)
    assert.deepEqual(table.add('a', 4000, 3000), { of: 'bytes', times: 20 })
    assert.equal(table.add('a', 4000, 3100), undefined)
    assert.equal(table.add('a', 4000, 4000)?.times, 20)
  })

  test('grows slowly with who takes a little more each time', () => {
    const table = new BaselineTable(LIMITS)
    let bytes = 500
    let found: Unusual | undefined
    for (let slice = 0; slice < 40 && found === undefined; slice++) {
      found = table.add('a', bytes, slice * 1000)
      bytes *= 2
    }
    assert.equal(found?.of, 'bytes')
    assert.ok(bytes < 500 * 2 ** 9, 'found within nine stretches')
  })

  test('never throws, whatever comes', () => {
    const table = new BaselineTable(LIMITS)
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), (key, bytes, nowMs) => {
        table.add(key, bytes, nowMs)
      }),
    )
  })
})
