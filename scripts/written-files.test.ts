import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { writeOrCheck } from './written-files.ts'

const FILES: ReadonlyMap<string, string> = new Map([['docs/a.md', 'new\n']])

function makeRoot(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'written-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'docs'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  t.mock.method(console, 'log', () => {})
  t.mock.method(console, 'error', () => {})
  return root
}

const rows: [name: string, files: Readonly<Record<string, string>>, code: 0 | 1][] = [
  ['finds that all is current', { 'docs/a.md': 'new\n' }, 0],
  ['finds an old file', { 'docs/a.md': 'old\n' }, 1],
  ['finds a missing file', {}, 1],
  ['finds a file whose source is gone', { 'docs/a.md': 'new\n', 'docs/b.md': 'b\n' }, 1],
]
for (const [name, files, code] of rows) {
  test(`--check ${name} and writes nothing`, (t) => {
    const root = makeRoot(t, files)
    assert.equal(writeOrCheck(FILES, { root, args: ['--check'], folder: 'docs' }), code)
    assert.equal(existsSync(join(root, 'docs/a.md')), 'docs/a.md' in files)
  })
}

test('writes what differs and removes what has no source', (t) => {
  const root = makeRoot(t, { 'docs/a.md': 'old\n', 'docs/b.md': 'b\n' })
  assert.equal(writeOrCheck(FILES, { root, args: [], folder: 'docs' }), 0)
  assert.equal(readFileSync(join(root, 'docs/a.md'), 'utf8'), 'new\n')
  assert.equal(existsSync(join(root, 'docs/b.md')), false)
})

test('removes nothing from a folder that is not its own', (t) => {
  const root = makeRoot(t, { 'docs/b.md': 'b\n' })
  assert.equal(writeOrCheck(FILES, { root, args: [] }), 0)
  assert.equal(existsSync(join(root, 'docs/b.md')), true)
})
