import type { KeyRow } from './records.ts'

/** `next` with the id and the fields of use of `old`. */
export function keepUse(old: KeyRow, next: KeyRow): KeyRow {
  const { id, lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent } = old
  return { ...next, id, lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent }
}

/** What has not happened yet to a key that is made. */
export const NEVER_HAPPENED = {
  previousHashHex: undefined,
  previousPepperVersion: undefined,
  previousUntilMs: undefined,
  rotatedAtMs: undefined,
  revokedAtMs: undefined,
  revokedWhy: undefined,
  quarantinedAtMs: undefined,
  quarantinedWhy: undefined,
  exposedAtMs: undefined,
  lastUsedAtMs: undefined,
  firstUsedAtMs: undefined,
  firstNetwork: undefined,
  firstAgent: undefined,
} as const
