import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { STALE_MS, StaleConfig } from './stale-config.ts'

const GOOD = { ok: true, planId: 'p' } as const
const bad = (message: string) => ({ ok: false, faults: [{ path: 'a', message }] }) as const

function watched(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: string[] = []
  const stale = new StaleConfig(({ name, level, detail }) =>
    told.push(`${name} ${level} ${detail}`),
  )
  return { told, stale, wait: (ms: number) => t.mock.timers.tick(ms) }
}

suite('a configuration that cannot be read anew', () => {
  test('is told of after a day, and after each further one, with the last fault', (t) => {
    const { told, stale, wait } = watched(t)
    stale.heard(bad('first'))
    wait(STALE_MS - 1)
    stale.heard(bad('second'))
    assert.deepEqual(told, [])
    wait(1)
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /^sp_config_stale critical for a day .* second/)
    wait(STALE_MS)
    assert.match(told[1] ?? '', / for 2 days /)
  })

  test('is told of no more once one was read', (t) => {
    const { told, stale, wait } = watched(t)
    stale.heard(bad('x'))
    wait(STALE_MS - 1)
    stale.heard(GOOD)
    wait(STALE_MS)
    assert.deepEqual(told, [])
    stale.heard(bad('y'))
    wait(STALE_MS - 1)
    assert.deepEqual(told, [], 'the day begins anew')
    wait(1)
    assert.match(told[0] ?? '', / for a day /)
  })

  test('one that was good all the time is none', (t) => {
    const { told, stale, wait } = watched(t)
    stale.heard(GOOD)
    wait(2 * STALE_MS)
    stale.close()
    assert.deepEqual(told, [])
  })

  test('one that was old at the start is told of as soon as it is a day old', (t) => {
    const { told, stale, wait } = watched(t)
    stale.held('gone', STALE_MS - 5000)
    wait(5000)
    assert.equal(told.length, 1)
    stale.close()
    stale.held('gone', 10 * STALE_MS)
    wait(0)
    assert.equal(told.length, 2)
    stale.close()
    wait(STALE_MS)
    assert.equal(told.length, 2)
  })
})
