import assert from 'node:assert/strict'
import { afterEach, mock, suite, test } from 'node:test'
import { catchUp, holdTime, letTimeRun, systemClock } from './clock.ts'

const START_MS = Date.UTC(2026, 0, 1)

function machineAt(ms: number): void {
  mock.timers.reset()
  mock.timers.enable({ apis: ['Date'], now: ms })
}

suite('the clock of the machine', () => {
  afterEach(() => {
    letTimeRun()
    mock.timers.reset()
  })

  test('runs with the machine', () => {
    machineAt(START_MS)
    assert.equal(systemClock.nowMs(), START_MS)
    machineAt(START_MS + 5)
    assert.equal(systemClock.nowMs(), START_MS + 5)
  })

  test('stands where it was first asked while it is held', () => {
    machineAt(START_MS)
    holdTime()
    machineAt(START_MS + 1)
    assert.equal(systemClock.nowMs(), START_MS + 1)
    machineAt(START_MS + 5)
    assert.equal(systemClock.nowMs(), START_MS + 1)
  })

  test('is read anew when it is held again', () => {
    machineAt(START_MS)
    holdTime()
    assert.equal(systemClock.nowMs(), START_MS)
    machineAt(START_MS + 5)
    holdTime()
    assert.equal(systemClock.nowMs(), START_MS + 5)
  })

  test('catches up when it is asked to, and says how far behind a time is', () => {
    machineAt(START_MS)
    assert.equal(catchUp(START_MS - 5), 0)
    holdTime()
    assert.equal(systemClock.nowMs(), START_MS)
    machineAt(START_MS + 5)
    assert.equal(catchUp(START_MS), 5)
    assert.equal(catchUp(START_MS), 5)
    assert.equal(systemClock.nowMs(), START_MS + 5)
    assert.equal(catchUp(START_MS + 5), 0)
  })

  test('does not run backwards with a machine that is set back', () => {
    machineAt(START_MS)
    holdTime()
    assert.equal(systemClock.nowMs(), START_MS)
    machineAt(START_MS - 5)
    assert.equal(catchUp(START_MS), 0)
    assert.equal(systemClock.nowMs(), START_MS)
  })

  test('runs on when it is let go', () => {
    machineAt(START_MS)
    holdTime()
    assert.equal(systemClock.nowMs(), START_MS)
    machineAt(START_MS + 5)
    letTimeRun()
    assert.equal(systemClock.nowMs(), START_MS + 5)
  })
})
