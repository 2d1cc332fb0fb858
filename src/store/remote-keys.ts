import { isDeepStrictEqual } from 'node:util'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { keepUse } from './key-row.ts'
import type { KeyRecords, KeyRow, KeyUse } from './records.ts'
import { StoreError } from './records.ts'

/** One call on keys that live in another thread; every argument can be handed over in a message. */
export type KeyCall =
  | { readonly method: 'insert'; readonly row: KeyRow }
  | { readonly method: 'insertNew'; readonly rows: readonly KeyRow[] }
  | { readonly method: 'get' | 'delete'; readonly id: string }
  | { readonly method: 'list' }
  /** Only while the row still is `old`, but for its use. */
  | { readonly method: 'replace'; readonly old: KeyRow; readonly row: KeyRow }
  | { readonly method: 'touch'; readonly uses: readonly KeyUse[] }

/** What a call came to. */
export type KeyAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: StoreError['code'] | 'changed'; readonly message: string }

/** Somebody else wrote the row between the read and the write. */
class Changed extends Error {}

const MAX_TRIES = 8

/**
 * Keys of another thread. `read`: a shorter way to a row, such as an own connection to the same file.
 * Rejects with `StoreError` as the store itself would.
 */
export class RemoteKeys implements KeyRecords {
  readonly #ask: (call: KeyCall) => Promise<KeyAnswer>
  readonly #read: ((id: string) => MaybePromise<KeyRow | undefined>) | undefined

  constructor(
    ask: (call: KeyCall) => Promise<KeyAnswer>,
    read?: (id: string) => MaybePromise<KeyRow | undefined>,
  ) {
    this.#ask = ask
    this.#read = read
  }

  async insert(row: KeyRow): Promise<void> {
    valueOf(await this.#ask({ method: 'insert', row }))
  }

  async insertNew(rows: readonly KeyRow[]): Promise<readonly string[]> {
    return valueOf(await this.#ask({ method: 'insertNew', rows })) as readonly string[]
  }

  get(id: string): MaybePromise<KeyRow | undefined> {
    return this.#read === undefined ? this.#fetch(id) : this.#read(id)
  }

  async list(): Promise<readonly KeyRow[]> {
    return valueOf(await this.#ask({ method: 'list' })) as readonly KeyRow[]
  }

  async update(id: string, change: (row: KeyRow) => KeyRow): Promise<KeyRow | undefined> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const old = await this.#fetch(id)
      if (old === undefined) return undefined
      const answer = await this.#ask({ method: 'replace', old, row: change(old) })
      if (!answer.ok && answer.code === 'changed') continue
      return valueOf(answer) as KeyRow | undefined
    }
    throw new StoreError('unavailable', `key ${id} changes faster than it can be written`)
  }

  async delete(id: string): Promise<boolean> {
    return valueOf(await this.#ask({ method: 'delete', id })) as boolean
  }

  async touch(uses: readonly KeyUse[]): Promise<void> {
    valueOf(await this.#ask({ method: 'touch', uses }))
  }

  async #fetch(id: string): Promise<KeyRow | undefined> {
    return valueOf(await this.#ask({ method: 'get', id })) as KeyRow | undefined
  }
}

function valueOf(answer: KeyAnswer): unknown {
  if (answer.ok) return answer.value
  throw new StoreError(answer.code === 'conflict' ? 'conflict' : 'unavailable', answer.message)
}

/** Answers a call of another thread. Never rejects. */
export async function answerKeyCall(keys: KeyRecords, call: KeyCall): Promise<KeyAnswer> {
  try {
    return { ok: true, value: await perform(keys, call) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof Changed) return { ok: false, code: 'changed', message }
    return { ok: false, code: error instanceof StoreError ? error.code : 'unavailable', message }
  }
}

function perform(keys: KeyRecords, call: KeyCall): MaybePromise<unknown> {
  switch (call.method) {
    case 'insert':
      return keys.insert(call.row)
    case 'insertNew':
      return keys.insertNew(call.rows)
    case 'get':
      return keys.get(call.id)
    case 'delete':
      return keys.delete(call.id)
    case 'list':
      return keys.list()
    case 'replace':
      return keys.update(call.old.id, (row) => {
        if (!isDeepStrictEqual(row, keepUse(row, call.old))) throw new Changed()
        return call.row
      })
    default:
      return keys.touch(call.uses)
  }
}
