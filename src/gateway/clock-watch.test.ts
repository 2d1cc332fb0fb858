import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ClockWatch } from './clock-watch.ts'

/** What is told when the wall clock gains so much on the other between two looks. */
function toldOf(...gainsMs: readonly number[]): string[] {
  const told: string[] = []
  let [wall, steady] = [1_800_000_000_000, 5000]
  const watch = new ClockWatch(
    ({ name, level, reason, detail }) => told.push(`${name} ${level} ${reason}: ${detail}`),
    { wallMs: () => wall, steadyMs: () => steady },
  )
  for (const gain of gainsMs) {
    steady += 1000
    wall += 1000 + gain
    watch.look()
  }
  return told
}

const rows: [name: string, gains: readonly number[], expected: readonly string[]][] = [
  ['clocks that run alike', [0, 0, 0], []],
  ['a clock that is slowly put right', Array<number>(100).fill(1000), []],
  ['a small step', [30_000, -30_000], []],
  ['a jump forward', [31_000, 0], ['sp_clock_skew warn forward: the clock jumped by 31 s']],
  ['a jump back', [-61_000, 0], ['sp_clock_skew warn back: the clock jumped by -61 s']],
  [
    'a jump there and back',
    [301_000, -301_000],
    [
      'sp_clock_skew critical forward: the clock jumped by 301 s',
      'sp_clock_skew critical back: the clock jumped by -301 s',
    ],
  ],
]

suite('a clock that is watched', () => {
  for (const [name, gains, expected] of rows)
    test(`${name}: ${expected.length} told`, () => assert.deepEqual(toldOf(...gains), expected))
})
