import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryRecords } from './memory-records.ts'
import type { Records } from './records.ts'
import { StoreError } from './records.ts'
import { answerKeyCall, RemoteKeys } from './remote-keys.ts'
import { keyRow } from './testing/key-row.ts'
import { recordsContract } from './testing/records-contract.ts'

/** As messages do: everything is copied on its way. */
function remote(records: MemoryRecords): RemoteKeys {
  return new RemoteKeys(async (call) =>
    structuredClone(await answerKeyCall(records.keys, structuredClone(call))),
  )
}

function open(): Records {
  const records = new MemoryRecords()
  return {
    keys: remote(records),
    adopt: records.adopt,
    meta: records.meta,
    relations: records.relations,
    changeToken: () => records.changeToken(),
    migrated: 0,
    open: () => undefined,
    onAway: () => undefined,
    close: () => records.close(),
  }
}

recordsContract('keys of another thread', open)

test('two threads that change a row at once both succeed', async () => {
  const records = new MemoryRecords()
  const [one, two] = [remote(records), remote(records)]
  records.keys.insert(keyRow({ name: '' }))
  await Promise.all(
    [one, two].map((keys, i) =>
      keys.update('aaaaaaaaaaaa', (row) => ({ ...row, name: `${row.name}${i}` })),
    ),
  )
  assert.match(records.keys.get('aaaaaaaaaaaa')?.name ?? '', /^(?:01|10)$/)
})

test('a use between the read and the write does not stand in the way', async () => {
  const records = new MemoryRecords()
  records.keys.insert(keyRow())
  const keys = new RemoteKeys(async (call) => {
    if (call.method === 'replace') {
      const [firstNetwork, firstAgent] = [undefined, undefined]
      records.keys.touch([{ id: 'aaaaaaaaaaaa', usedAtMs: 5, firstNetwork, firstAgent }])
    }
    return answerKeyCall(records.keys, call)
  })
  const row = await keys.update('aaaaaaaaaaaa', (old) => ({ ...old, name: 'new' }))
  assert.deepEqual([row?.name, row?.lastUsedAtMs], ['new', 5])
})

test('a row that changes all the time is given up', async () => {
  const records = new MemoryRecords()
  records.keys.insert(keyRow())
  const keys = new RemoteKeys(async (call) => {
    if (call.method === 'replace')
      records.keys.update('aaaaaaaaaaaa', (row) => ({ ...row, name: `${row.name}x` }))
    return answerKeyCall(records.keys, call)
  })
  await assert.rejects(
    keys.update('aaaaaaaaaaaa', (row) => ({ ...row, owner: 'eve' })),
    (error) => error instanceof StoreError && error.code === 'unavailable',
  )
})

test('a shorter way is taken for reads', async () => {
  const row = keyRow()
  const keys = new RemoteKeys(
    () => Promise.reject(new Error('not asked')),
    () => row,
  )
  assert.equal(await keys.get(row.id), row)
})
