import { andThen } from '../base/maybe-promise.ts'
import type { AdoptRecords, KeyRecords, KeyRow, Records } from './records.ts'
import { StoreError } from './records.ts'

function refuse(): never {
  throw new StoreError('unavailable', 'this process only reads the store')
}

/**
 * Records of a process that may only read. Writes throw `StoreError`; what is merely noted (uses of keys, findings of
 * `adopt`) is dropped. As no use is noted, none is missed: a key is never idle here, the process that writes says so.
 */
export function readOnlyRecords(records: Records, nowMs: () => number): Records {
  const keys: KeyRecords = {
    get: (id) => andThen(records.keys.get(id), (row) => row && inUse(row, nowMs())),
    list: () => records.keys.list(),
    insert: refuse,
    insertNew: refuse,
    update: refuse,
    delete: refuse,
    touch: () => undefined,
  }
  const adopt: AdoptRecords = {
    merge: () => 0,
    list: (api) => records.adopt.list(api),
    clear: refuse,
    graduate: refuse,
    graduations: () => records.adopt.graduations(),
  }
  return {
    keys,
    adopt,
    relations: {
      write: refuse,
      look: (questions, maxSets) => records.relations.look(questions, maxSets),
      list: (filter) => records.relations.list(filter),
      changeToken: () => records.relations.changeToken(),
    },
    migrated: 0,
    meta: { get: (name) => records.meta.get(name), set: refuse },
    changeToken: () => records.changeToken(),
    open: () => records.open('reader'),
    onAway: (listener) => records.onAway(listener),
    close: () => records.close(),
  }
}

function inUse(row: KeyRow, nowMs: number): KeyRow {
  return { ...row, lastUsedAtMs: nowMs }
}
