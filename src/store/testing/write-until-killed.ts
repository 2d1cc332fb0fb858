// Writes keys, revocations and relations and says each after the store answered; the parent kills it at any moment.
import { writeSync } from 'node:fs'
import { Secret } from '../../base/secret.ts'
import { openedRecords } from '../open-store.ts'
import type { StoreTarget } from '../open-store.ts'
import { keyRow } from './key-row.ts'
import { tuple } from './relations-contract.ts'

const [, , place = '', run = ''] = process.argv
const target: StoreTarget = place.startsWith('postgres:')
  ? { kind: 'postgres', url: new Secret(place) }
  : { kind: 'sqlite', path: place }
const records = await openedRecords(target, 0)
for (let i = 0; i < 1_000_000; i++) {
  const id = `key${run}x${i}`
  await records.keys.insert(keyRow({ id }))
  writeSync(1, `made ${id}\n`)
  if (i % 2 === 0) {
    await records.keys.update(id, (row) => ({ ...row, revokedAtMs: 1 }))
    writeSync(1, `revoked ${id}\n`)
  }
  await records.relations.write({ add: [tuple(`key:${id}#owner@ann`)] })
  writeSync(1, `related ${id}\n`)
}
