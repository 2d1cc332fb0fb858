// Inserts keys one after the other and says each id after the store answered; the parent kills it at any moment.
import { writeSync } from 'node:fs'
import { openStore } from '../open-store.ts'
import { keyRow } from './key-row.ts'

const records = openStore(`sqlite:${process.argv[2] ?? ''}`)
for (let i = 0; i < 1_000_000; i++) {
  const id = `key${i}`
  await records.keys.insert(keyRow({ id }))
  writeSync(1, `${id}\n`)
}
