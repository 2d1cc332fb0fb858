import type { KeyRow } from '../../store/records.ts'
import { IMPORTED } from './key-import.ts'
import { keyState } from './life.ts'
import type { KeyState } from './life.ts'

/** A key as people and programs may see it: no hash. Times are RFC 3339 in UTC, `null` for "never" and "not yet". */
export interface KeyView {
  readonly id: string
  /** Beginning and last four characters, such as `sp_sk_live_abcdefghijkl_…wxyz`; `imported …wxyz` for a foreign one. */
  readonly hint: string
  readonly kind: 'sk' | 'pk'
  readonly env: string
  readonly owner: string
  readonly name: string
  readonly state: KeyState
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly operations: readonly string[] | null
  readonly cidrs: readonly string[] | null
  readonly origins: readonly string[] | null
  readonly tags: readonly string[]
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string | null
  readonly rotatedAt: string | null
  readonly oldSecretUntil: string | null
  readonly revokedAt: string | null
  readonly revokedWhy: string | null
  readonly quarantinedAt: string | null
  readonly quarantinedWhy: string | null
  readonly exposedAt: string | null
  readonly lastUsedAt: string | null
  readonly firstUsedAt: string | null
  readonly firstNetwork: string | null
  readonly firstAgent: string | null
}

/** Shows a key; `prefix` as in the format. */
export function keyView(row: KeyRow, prefix: string, nowMs: number): KeyView {
  const { id, kind, env, owner, name, scopes, roles, groups, tags, createdBy } = row
  return {
    id,
    hint: isForeign(row) ? hintOfForeign(row) : `${prefix}_${kind}_${env}_${id}_…${row.lastFour}`,
    kind,
    env,
    owner,
    name,
    state: keyState(row, nowMs),
    scopes,
    roles,
    groups,
    operations: row.operations ?? null,
    cidrs: row.cidrs ?? null,
    origins: row.origins ?? null,
    tags,
    createdAt: new Date(row.createdAtMs).toISOString(),
    createdBy,
    expiresAt: time(row.expiresAtMs),
    rotatedAt: time(row.rotatedAtMs),
    oldSecretUntil: time(row.previousUntilMs),
    revokedAt: time(row.revokedAtMs),
    revokedWhy: row.revokedWhy ?? null,
    quarantinedAt: time(row.quarantinedAtMs),
    quarantinedWhy: row.quarantinedWhy ?? null,
    exposedAt: time(row.exposedAtMs),
    lastUsedAt: time(row.lastUsedAtMs),
    firstUsedAt: time(row.firstUsedAtMs),
    firstNetwork: row.firstNetwork ?? null,
    firstAgent: row.firstAgent ?? null,
  }
}

/** Imported, and not rotated since: its text is of another system. */
function isForeign({ createdBy, rotatedAtMs }: KeyRow): boolean {
  return createdBy === IMPORTED && rotatedAtMs === undefined
}

function hintOfForeign({ lastFour }: KeyRow): string {
  return lastFour === '' ? 'imported by its hash' : `imported …${lastFour}`
}

function time(ms: number | undefined): string | null {
  return ms === undefined || ms === Infinity ? null : new Date(ms).toISOString()
}
