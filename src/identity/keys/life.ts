import type { KeyRow } from '../../store/records.ts'

const DAY_MS = 86_400_000
/** A key without an own expiry lives this long. */
export const DEFAULT_LIFE_MS: number = 90 * DAY_MS
/** Longest finite life of a key. */
export const MAX_LIFE_MS: number = 365 * DAY_MS
/** The old secret works this long beside the new one, unless said. */
export const DEFAULT_OVERLAP_MS: number = DAY_MS
export const MAX_OVERLAP_MS: number = 7 * DAY_MS
/** Unused this long: flagged. */
const UNUSED_MS = 30 * DAY_MS
/** Unused this long: refused until it is rotated. */
export const IDLE_MS: number = 90 * DAY_MS
/** Expiry is announced this long before. */
const NOTICE_MS = 14 * DAY_MS

/** What a key is good for right now. */
export type KeyState = 'active' | 'revoked' | 'quarantined' | 'expired' | 'idle'

/** The state of a key; the gravest that applies. `usedAtMs`: a use that is not in the row yet. */
export function keyState(row: KeyRow, nowMs: number, usedAtMs = 0): KeyState {
  if (row.revokedAtMs !== undefined) return 'revoked'
  if (row.quarantinedAtMs !== undefined) return 'quarantined'
  if (nowMs >= row.expiresAtMs) return 'expired'
  if (nowMs >= Math.max(lastSignMs(row), usedAtMs) + IDLE_MS) return 'idle'
  return 'active'
}

/** When the key was last used, rotated or made. */
function lastSignMs(row: KeyRow): number {
  return Math.max(row.createdAtMs, row.rotatedAtMs ?? 0, row.lastUsedAtMs ?? 0)
}

/** Why a key wants attention: `idle` is refused already, `unused` will be; `expires` within 14 days. */
export type DueWhy = 'exposed' | 'quarantined' | 'expires' | 'idle' | 'unused'

/** A key that wants attention. */
export interface DueKey {
  readonly row: KeyRow
  readonly why: DueWhy
  /** When it happened or will happen. */
  readonly atMs: number
}

/** Everything about a key that wants attention; nothing once it is revoked or expired. */
export function dueOf(row: KeyRow, nowMs: number): readonly DueKey[] {
  const state = keyState(row, nowMs)
  if (state === 'revoked' || state === 'expired') return []
  const due: DueKey[] = []
  if (row.exposedAtMs !== undefined) due.push({ row, why: 'exposed', atMs: row.exposedAtMs })
  if (row.quarantinedAtMs !== undefined)
    due.push({ row, why: 'quarantined', atMs: row.quarantinedAtMs })
  if (row.expiresAtMs - nowMs <= NOTICE_MS) due.push({ row, why: 'expires', atMs: row.expiresAtMs })
  const sign = lastSignMs(row)
  if (nowMs >= sign + IDLE_MS) due.push({ row, why: 'idle', atMs: sign + IDLE_MS })
  else if (nowMs >= sign + UNUSED_MS) due.push({ row, why: 'unused', atMs: sign + IDLE_MS })
  return due
}
