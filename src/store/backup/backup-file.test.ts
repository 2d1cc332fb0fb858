import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../base/config-error.ts'
import { openSqlite } from '../sqlite-records.ts'
import type { SqliteRecords } from '../sqlite-records.ts'
import { FULL_ROW, keyRow } from '../testing/key-row.ts'
import { tuple } from '../testing/relations-contract.ts'
import { checkBackup, readBackup, summaryOf, writeBackup } from './backup-file.ts'
import { wholeStoreOf } from './whole-store.ts'
import type { WholeStore } from './whole-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-backup-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

function filled(): SqliteRecords {
  const records = openSqlite(join(folder, `db${files++}`), 0)
  for (let i = 0; i < 50; i++) records.keys.insert(keyRow({ id: `key${i}` }))
  records.keys.insert(FULL_ROW)
  records.relations.write({ add: [tuple('order:7#viewer@ann'), tuple('order:7#viewer@Zoë 漢字')] })
  records.meta.set('__proto__', 'x\n\u2028"')
  return records
}

function wholeOf(records: SqliteRecords): WholeStore {
  const whole = wholeStoreOf(records)
  assert.ok(whole)
  return whole
}

test('what was written is read back, record by record', async () => {
  const [from, to] = [filled(), openSqlite(join(folder, `db${files++}`), 0)]
  const path = join(folder, 'whole')
  const written = await writeBackup(wholeOf(from), path, { nowMs: 0, mayReplace: false })
  assert.equal(written.tables['api_key'], 51)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(checkBackup(path), written)
  const before = to.changeToken()
  await wholeOf(to).replace(readBackup(path))
  assert.deepEqual(await summaryOf(wholeOf(to)), written)
  assert.deepEqual(to.keys.list(), from.keys.list())
  assert.deepEqual(to.meta.get('__proto__'), from.meta.get('__proto__'))
  assert.notEqual(to.changeToken(), before, 'running gateways see that keys have changed')
  await assert.rejects(
    writeBackup(wholeOf(from), path, { nowMs: 0, mayReplace: false }),
    /there already/,
  )
  await writeBackup(wholeOf(to), path, { nowMs: 1, mayReplace: true })
  assert.equal(checkBackup(path).sha256, written.sha256)
  from.close()
  to.close()
})

test('a backup that was cut anywhere, or changed, is refused', async () => {
  const records = filled()
  const path = join(folder, 'good')
  await writeBackup(wholeOf(records), path, { nowMs: 0, mayReplace: false })
  records.close()
  const good = readFileSync(path)
  const bad = join(folder, 'bad')
  const refused = (bytes: Uint8Array): void => {
    writeFileSync(bad, bytes)
    assert.throws(() => checkBackup(bad), ConfigError)
  }
  fc.assert(
    fc.property(fc.nat(good.length - 1), (length) => refused(good.subarray(0, length))),
    { numRuns: 50 },
  )
  // In the rows; the first line says only when and from where.
  const rows = good.indexOf(10) + 1
  fc.assert(
    fc.property(fc.integer({ min: rows, max: good.length - 2 }), fc.nat(6), (at, bit) => {
      const changed = Buffer.from(good)
      changed[at] = (changed[at] ?? 0) ^ (1 << bit)
      // The sums at the end name tables, too, and those are only shown.
      if (at < good.lastIndexOf(10, -2)) refused(changed)
    }),
    { numRuns: 100 },
  )
  refused(Buffer.concat([good, good]))
  refused(Buffer.from('{"format":"sallyport-store","version":2,"columns":{}}\n'))
})

test('a restore that fails in the middle changes nothing', async () => {
  const records = filled()
  const before = await summaryOf(wholeOf(records))
  const broken = function* (): Generator<never> {
    yield* []
    throw new RangeError('the disk broke')
  }
  assert.throws(() => wholeOf(records).replace(broken()), RangeError)
  assert.deepEqual(await summaryOf(wholeOf(records)), before)
  records.close()
})
