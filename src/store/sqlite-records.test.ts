import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import { openStore } from './open-store.ts'
import { StoreError } from './records.ts'
import { openSqlite } from './sqlite-records.ts'
import { keyRow } from './testing/key-row.ts'
import { recordsContract } from './testing/records-contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `db-${files++}.sqlite`)

recordsContract('sqlite', () => openStore(`sqlite:${newPath()}`))

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConfigError)
  assert.equal(error.faults[0]?.path, 'store')
  assert.ok(error.faults[0]?.cure !== undefined, 'says what would be right')
  assert.match(error.message, pattern)
  return true
}

test('what was written is there after closing and opening again', async () => {
  const path = newPath()
  const first = openStore(`sqlite:${path}`)
  await first.keys.insert(keyRow())
  const token = first.changeToken()
  first.close()
  const second = openStore(`sqlite:${path}`)
  assert.deepEqual(await second.keys.get('aaaaaaaaaaaa'), keyRow())
  assert.equal(second.changeToken(), token)
  second.close()
})

test('the database and its side files are readable by their owner only', async () => {
  const path = newPath()
  const records = openStore(`sqlite:${path}`)
  await records.keys.insert(keyRow())
  for (const suffix of ['', '-wal', '-shm'])
    assert.equal(statSync(path + suffix).mode & 0o777, 0o600, `mode of the file${suffix}`)
  records.close()
})

test('a second connection sees writes of the first, and their change token', async () => {
  const path = newPath()
  const [one, two] = [openStore(`sqlite:${path}`), openStore(`sqlite:${path}`)]
  const before = two.changeToken()
  await one.keys.insert(keyRow())
  assert.notEqual(two.changeToken(), before)
  assert.equal((await two.keys.get('aaaaaaaaaaaa'))?.owner, 'ann')
  one.close()
  two.close()
})

test('a revocation by hand moves the change token', async () => {
  const path = newPath()
  const records = openStore(`sqlite:${path}`)
  await records.keys.insert(keyRow())
  const before = records.changeToken()
  const hand = new DatabaseSync(path)
  hand.exec('UPDATE api_key SET revoked_at_ms = 1')
  hand.close()
  assert.notEqual(records.changeToken(), before)
  records.close()
})

test('an update keeps what another process wrote just before', async () => {
  const path = newPath()
  const [one, two] = [openStore(`sqlite:${path}`), openStore(`sqlite:${path}`)]
  await one.keys.insert(keyRow())
  await one.keys.update('aaaaaaaaaaaa', (row) => ({ ...row, revokedAtMs: 7 }))
  const row = await two.keys.update('aaaaaaaaaaaa', (row) => ({ ...row, exposedAtMs: 8 }))
  assert.deepEqual([row?.revokedAtMs, row?.exposedAtMs], [7, 8])
  one.close()
  two.close()
})

test('refuses a file that is no database', () => {
  const path = newPath()
  writeFileSync(path, 'no database at all '.repeat(500), { mode: 0o600 })
  assert.throws(() => openStore(`sqlite:${path}`), refusal(/cannot be used as a database/))
})

test('refuses a database that lost its tail', async () => {
  const path = newPath()
  const records = openStore(`sqlite:${path}`)
  for (let i = 0; i < 200; i++) await records.keys.insert(keyRow({ id: `k${i}` }))
  records.close()
  truncateSync(path, Math.floor(statSync(path).size / 2))
  assert.throws(() => openStore(`sqlite:${path}`), refusal(/damaged|malformed|cannot be used/))
})

test('refuses a database of another program and leaves it alone', () => {
  const path = newPath()
  const other = new DatabaseSync(path)
  chmodSync(path, 0o600)
  other.exec('CREATE TABLE orders (id INTEGER)')
  other.close()
  assert.throws(() => openStore(`sqlite:${path}`), refusal(/another program/))
  const again = new DatabaseSync(path)
  assert.equal(again.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'], 1)
  again.close()
})

test('refuses a database of a later version', () => {
  const path = newPath()
  openSqlite(path, 1).close()
  const later = new DatabaseSync(path)
  later.exec("INSERT INTO migration VALUES (999, 'from the future', 1, '')")
  later.close()
  assert.throws(() => openStore(`sqlite:${path}`), refusal(/later version/))
})

test('refuses a database that others may write', () => {
  const path = newPath()
  openSqlite(path, 1).close()
  chmodSync(path, 0o666)
  assert.throws(() => openStore(`sqlite:${path}`), refusal(/may be written by others/))
})

const BAD_NAMES: [name: string, url: string, pattern: RegExp][] = [
  ['a folder that is not there', `sqlite:${folder}/none/x.db`, /cannot be opened for writing/],
  ['a folder in place of the file', `sqlite:${folder}`, /cannot be opened for writing/],
  ['a kind of store that is not known', 'mysql:host', /names no store/],
  ['sqlite without a path', 'sqlite:', /names no store/],
]
for (const [name, url, pattern] of BAD_NAMES)
  test(`refuses ${name}`, () => assert.throws(() => openStore(url), refusal(pattern)))

test('a file that does not answer is told of once, and once when it answers again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const path = newPath()
  const records = openStore(`sqlite:${path}`)
  await records.keys.insert(keyRow())
  const told: boolean[] = []
  records.onAway((cause) => told.push(cause === undefined))
  const other = new DatabaseSync(path)
  other.exec('ALTER TABLE api_key RENAME TO elsewhere')
  for (let turn = 0; turn < 3; turn++)
    assert.throws(() => records.keys.get('aaaaaaaaaaaa'), StoreError)
  t.mock.timers.tick(1000)
  assert.deepEqual(told, [false])
  other.exec('ALTER TABLE elsewhere RENAME TO api_key')
  t.mock.timers.tick(1000)
  assert.deepEqual(told, [false, true])
  assert.equal((await records.keys.get('aaaaaaaaaaaa'))?.owner, 'ann')
  other.close()
  records.close()
  assert.throws(() => records.keys.get('aaaaaaaaaaaa'), StoreError)
  assert.equal(told.length, 2, 'a file that was closed is not away')
})
