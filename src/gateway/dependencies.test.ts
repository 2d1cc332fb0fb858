import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMetrics } from '../telemetry/metrics.ts'
import { Dependencies } from './dependencies.ts'

function opened() {
  const told: string[] = []
  const metrics = createMetrics({ version: '1' })
  metrics.close()
  const dependencies = new Dependencies(
    ({ name, reason, level }) => told.push(`${name} ${reason} ${level}`),
    metrics,
  )
  const isUp = (): boolean =>
    metrics.text().includes('sallyport_dependency_up{dependency="counters"} 1')
  return { told, dependencies, isUp }
}

suite('what a process depends on', () => {
  test('threads that miss the same are one line, and the last that has it back another', () => {
    const { told, dependencies, isUp } = opened()
    for (const thread of ['main', '0', '1', '1'])
      dependencies.hear({ name: 'counters', isUp: false, detail: 'late' }, thread)
    assert.deepEqual(told, ['sp_dependency_down counters critical'])
    assert.equal(isUp(), false)
    dependencies.hear({ name: 'counters', isUp: true })
    dependencies.hear({ name: 'counters', isUp: true }, '0')
    assert.equal(dependencies.isUp('counters'), false)
    assert.equal(told.length, 1)
    dependencies.hear({ name: 'counters', isUp: true }, '1')
    assert.deepEqual(told.slice(1), ['sp_dependency_up counters info'])
    assert.equal(isUp(), true)
  })

  test('a thread that ends takes its word with it', () => {
    const { told, dependencies } = opened()
    dependencies.hear({ name: 'counters', isUp: false }, '3')
    dependencies.forget('2')
    assert.equal(dependencies.isUp('counters'), false)
    dependencies.forget('3')
    assert.equal(dependencies.isUp('counters'), true)
    assert.equal(told.length, 2)
  })

  test('dependencies do not mix', () => {
    const { told, dependencies } = opened()
    dependencies.hear({ name: 'store', isUp: false })
    assert.equal(dependencies.isUp('counters'), true)
    assert.deepEqual(told, ['sp_dependency_down store critical'])
  })

  test('an issuer is told of once when its keys cannot be had, and once when they can', () => {
    const { told, dependencies } = opened()
    const hear = (iss: string, isUp: boolean, thread: string): void =>
      dependencies.hear({ name: 'issuer', iss, isUp }, thread)
    for (const iss of ['a', 'a', 'b']) hear(iss, false, '0')
    hear('a', false, '1')
    assert.deepEqual(told, Array<string>(2).fill('sp_dependency_down issuer_keys warn'))
    for (const thread of ['1', '0', '1']) hear('a', true, thread)
    assert.deepEqual(told.slice(2), ['sp_dependency_up issuer_keys info'])
    hear('a', false, '1')
    assert.equal(told.length, 4, 'the next time it is told again')
  })
})
