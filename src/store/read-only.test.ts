import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Secret } from '../base/secret.ts'
import { openedRecords } from './open-store.ts'
import { PostgresLink } from './postgres/postgres-link.ts'
import type { Records } from './records.ts'
import { openSqlite, openSqliteToRead } from './sqlite-records.ts'
import { keyRow } from './testing/key-row.ts'
import { postgresMissing, startPostgres } from './testing/start-postgres.ts'

const refused = { name: 'StoreError', code: 'unavailable' }

async function readsAndDoesNotWrite(reader: Records): Promise<void> {
  const { keys, meta, adopt, relations } = reader
  assert.equal((await keys.list()).length, 1)
  const row = await keys.get(keyRow().id)
  assert.ok(Number(row?.lastUsedAtMs) > Date.now() - 60_000, 'no key is idle where no use is noted')
  await keys.touch([
    { id: keyRow().id, usedAtMs: 1, firstNetwork: undefined, firstAgent: undefined },
  ])
  assert.equal(await adopt.merge([]), 0)
  for (const write of [
    () => keys.insert(keyRow({ id: 'bbbbbbbbbbbb' })),
    () => keys.update(keyRow().id, (old) => old),
    () => keys.delete(keyRow().id),
    () => meta.set('a', 'b'),
    () => adopt.graduate({ api: 'a', operation: 'b', atMs: 1 }),
    () => relations.write({ add: [], remove: [] }),
  ])
    await assert.rejects(async () => write(), refused)
}

suite('records that are only read', () => {
  test('in SQLite, which itself refuses what writes', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-read-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'a.db')
    assert.throws(() => openSqliteToRead(path), /start the process that writes it first/)
    const writer = openSqlite(path, 0)
    writer.keys.insert(keyRow())
    const reader = await openedRecords({ kind: 'sqlite', path, isReadOnly: true }, 0)
    await readsAndDoesNotWrite(reader)
    await reader.close()
    const own = openSqliteToRead(path)
    assert.throws(() => own.keys.insert(keyRow({ id: 'bbbbbbbbbbbb' })), /readonly/)
    own.close()
    writer.close()
  })

  test(
    'in PostgreSQL, which itself refuses what writes',
    { skip: postgresMissing() ?? false },
    async (t) => {
      const server = await startPostgres()
      t.after(() => server.close())
      const url = new Secret(server.url)
      const writer = await openedRecords({ kind: 'postgres', url }, 0)
      await writer.keys.insert(keyRow())
      const reader = await openedRecords({ kind: 'postgres', url, isReadOnly: true }, 0)
      await readsAndDoesNotWrite(reader)
      await reader.close()
      const link = new PostgresLink({ url, isReadOnly: true })
      await assert.rejects(link.query('DELETE FROM api_key'), { message: /read-only transaction/ })
      await link.close()
      assert.equal((await writer.keys.list()).length, 1)
      await writer.close()
    },
  )
})
