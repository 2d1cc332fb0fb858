import type { KeyRow } from './records.ts'

/** `next` with the id and the fields of use of `old`. */
export function keepUse(old: KeyRow, next: KeyRow): KeyRow {
  const { id, lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent } = old
  return { ...next, id, lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent }
}
