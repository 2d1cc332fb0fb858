import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageManifest } from './package-manifest.ts'
import type { RootManifest } from './package-manifest.ts'

const file = join(import.meta.dirname, '../package.json')
const root = JSON.parse(readFileSync(file, 'utf8')) as RootManifest & { readonly private: boolean }
const manifest = packageManifest(root)

test('the root cannot be published, the package can', () => {
  assert.equal(root.private, true)
  assert.equal('private' in manifest, false)
})

test('users get runtime dependencies in the exact versions and nothing else', () => {
  assert.deepEqual(manifest['dependencies'], root.dependencies)
  for (const version of Object.values(root.dependencies)) assert.match(version, /^\d+\.\d+\.\d+$/)
  for (const field of ['devDependencies', 'optionalDependencies', 'workspaces', 'scripts']) {
    assert.equal(field in manifest, false, field)
  }
})

test('the package asks for the Node that runs it', () => {
  assert.deepEqual(manifest['engines'], { node: '>=24.15.0' })
})
