import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ClockWatch } from './clock-watch.ts'

const START_MS = 1_800_000_000_000

/** A watch on clocks that run a second at a time. */
function watched() {
  const told: string[] = []
  let [wall, steady, boot] = [START_MS, 5000, 60_000]
  const clocks = { wallMs: () => wall, steadyMs: () => steady, sinceBootMs: () => boot }
  const watch = new ClockWatch(
    ({ name, level, reason, detail }) => told.push(`${name} ${level} ${reason}: ${detail}`),
    clocks,
  )
  return {
    told,
    watch,
    /** What is held against the time that really went by since the start. */
    offMs: (): number | undefined => {
      const nowMs = watch.nowMs()
      return nowMs === undefined ? undefined : nowMs - START_MS - (boot - 60_000)
    },
    set: (gainMs: number) => (wall += gainMs),
    sleep: (ms: number) => {
      wall += ms
      boot += ms
    },
    run: (seconds = 1) => {
      for (let second = 0; second < seconds; second++) {
        wall += 1000
        steady += 1000
        boot += 1000
        watch.look()
      }
    },
  }
}

const told: [name: string, gains: readonly number[], expected: readonly string[]][] = [
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
  for (const [name, gains, expected] of told)
    test(`${name}: ${expected.length} told`, () => {
      const at = watched()
      for (const gain of gains) {
        at.set(gain)
        at.run()
      }
      assert.deepEqual(at.told, expected)
    })

  test('a machine that slept has its time, and nothing is told', () => {
    const at = watched()
    at.sleep(8 * 3_600_000)
    assert.equal(at.offMs(), 0)
    at.run(3)
    assert.equal(at.offMs(), 0)
    assert.deepEqual(at.told, [])
  })

  test('a clock that is slowly put right is followed', () => {
    const at = watched()
    for (let turn = 0; turn < 100; turn++) {
      at.set(20_000)
      at.run()
    }
    assert.equal(at.offMs(), 2_000_000)
    assert.equal(at.watch.state, 'good')
  })

  const jumps: [gainMs: number, state: string, offMs: number | undefined][] = [
    [30_000, 'good', 30_000],
    [-30_000, 'good', -30_000],
    [30_001, 'held', 0],
    [-30_001, 'held', 0],
    [300_000, 'held', 0],
    [300_001, 'closed', undefined],
    [-300_001, 'closed', undefined],
    [-86_400_000, 'closed', undefined],
  ]
  for (const [gainMs, state, offMs] of jumps)
    test(`after a jump of ${gainMs} ms it is ${state}, before the next look already`, () => {
      const at = watched()
      at.run(10)
      at.set(gainMs)
      assert.equal(at.offMs(), offMs)
      at.run(10)
      // What is small is followed.
      assert.equal(at.offMs(), offMs)
      assert.equal(at.watch.state, state)
      at.set(-gainMs)
      assert.equal(at.offMs(), 0, 'it is back')
      at.run()
      assert.equal(at.watch.state, 'good')
    })

  for (const gainMs of [60_000, 3_600_000, -3_600_000])
    test(`a time that is ${gainMs} ms off and stays so is taken after 15 min`, () => {
      const at = watched()
      at.set(gainMs)
      at.run(15 * 60)
      assert.notEqual(at.watch.state, 'good')
      at.run()
      assert.equal(at.watch.state, 'good')
      assert.equal(at.offMs(), gainMs)
      assert.match(at.told.at(-1) ?? '', /^sp_clock_skew warn taken: /)
      at.run(60)
      assert.equal(at.told.length, 2)
    })

  test('a clock that jumps again and again is not taken', () => {
    const at = watched()
    for (let turn = 0; turn < 10; turn++) {
      at.set(turn % 2 === 0 ? 3_600_000 : 600_000)
      at.run(10 * 60)
      assert.equal(at.offMs(), undefined)
    }
  })

  test('small steps away from a time that is closed do not bring it back', () => {
    const at = watched()
    at.set(320_000)
    at.run()
    at.set(-25_000)
    assert.equal(at.watch.state, 'closed')
    at.run()
    assert.equal(at.watch.state, 'held')
    assert.equal(at.offMs(), 0)
  })
})
