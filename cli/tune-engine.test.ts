import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { settleGlobals } from './tune-engine.ts'

test('every flag is one that this engine knows', () => {
  const tune = `await import('${import.meta.resolve('./tune-engine.ts')}').then((m) => m.tuneEngine())`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', tune],
    { encoding: 'utf8' },
  )
  // The engine ignores a flag that it does not know, and says so.
  assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: '' })
})

test('what Node hands out through accessors becomes a plain property with the same value', () => {
  const before = [globalThis.Buffer, globalThis.performance]
  settleGlobals()
  assert.deepEqual([globalThis.Buffer, globalThis.performance], before)
  for (const name of ['Buffer', 'performance']) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name)
    assert.equal(property?.get, undefined)
    assert.equal(typeof property?.value, name === 'Buffer' ? 'function' : 'object')
  }
})
