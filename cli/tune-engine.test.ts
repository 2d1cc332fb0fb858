import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

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
