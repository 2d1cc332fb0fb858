import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import { migrationHash, pendingMigrations } from './migration.ts'
import { openSqlite } from './sqlite-records.ts'
import { keyRow } from './testing/key-row.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-migration-'))
after(() => rmSync(folder, { recursive: true }))

const STEPS = [
  { name: 'one', sql: 'A' },
  { name: 'two', sql: 'B' },
]
const [one, two] = STEPS.map((step) => migrationHash(step))

test('does what was not done, in order', () => {
  const versions = (done: readonly { version: number; hash: string | undefined }[]): number[] =>
    pendingMigrations(STEPS, done, 'x').map(({ version }) => version)
  assert.deepEqual(versions([]), [1, 2])
  assert.deepEqual(versions([{ version: 1, hash: one }]), [2])
  assert.deepEqual(versions([{ version: 1, hash: undefined }]), [2])
  assert.deepEqual(
    versions([
      { version: 1, hash: one },
      { version: 2, hash: two },
    ]),
    [],
  )
})

test('refuses steps that are others, or later ones', () => {
  assert.throws(() => pendingMigrations(STEPS, [{ version: 1, hash: two }], 'x'), /step 1 \(one\)/)
  assert.throws(() => pendingMigrations(STEPS, [{ version: 3, hash: one }], 'x'), ConfigError)
})

test('a database from before hashes were kept goes on, and is checked from then on', () => {
  const path = join(folder, 'old.db')
  const made = openSqlite(path, 1)
  made.keys.insert(keyRow())
  made.close()
  const old = new DatabaseSync(path)
  old.exec('ALTER TABLE migration DROP COLUMN hash')
  old.close()
  const again = openSqlite(path, 2)
  assert.equal(again.keys.get('aaaaaaaaaaaa')?.owner, 'ann')
  assert.equal(again.migrated, 0)
  again.close()
  const hand = new DatabaseSync(path)
  hand.exec("UPDATE migration SET hash = 'x' WHERE version = 1")
  hand.close()
  assert.throws(() => openSqlite(path, 3), /step 1 \(keys\) is not the one/)
})
