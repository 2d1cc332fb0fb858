import type { KeyRow } from './records.ts'
import { StoreError } from './records.ts'

/** What a column of `api_key` holds, in every database. */
export type Cell = string | number | null

/** Column -> value of a row. Its keys are the column list of every statement. */
export function encodeKey(row: KeyRow): Record<string, Cell> {
  return {
    id: row.id,
    kind: row.kind,
    env: row.env,
    owner: row.owner,
    name: row.name,
    secret_hash_hex: row.secretHashHex,
    pepper_version: row.pepperVersion,
    last_four: row.lastFour,
    previous_hash_hex: row.previousHashHex ?? null,
    previous_pepper_version: row.previousPepperVersion ?? null,
    previous_until_ms: row.previousUntilMs ?? null,
    scopes: JSON.stringify(row.scopes),
    roles: JSON.stringify(row.roles),
    groups: JSON.stringify(row.groups),
    operations: encodeList(row.operations),
    cidrs: encodeList(row.cidrs),
    origins: encodeList(row.origins),
    tags: JSON.stringify(row.tags),
    created_at_ms: row.createdAtMs,
    created_by: row.createdBy,
    expires_at_ms: row.expiresAtMs === Infinity ? null : row.expiresAtMs,
    rotated_at_ms: row.rotatedAtMs ?? null,
    revoked_at_ms: row.revokedAtMs ?? null,
    revoked_why: row.revokedWhy ?? null,
    quarantined_at_ms: row.quarantinedAtMs ?? null,
    quarantined_why: row.quarantinedWhy ?? null,
    exposed_at_ms: row.exposedAtMs ?? null,
    ...encodeUse(row),
  }
}

/** The columns that only `touch` writes. */
export function encodeUse(row: KeyRow): Record<string, Cell> {
  return {
    last_used_at_ms: row.lastUsedAtMs ?? null,
    first_used_at_ms: row.firstUsedAtMs ?? null,
    first_network: row.firstNetwork ?? null,
    first_agent: row.firstAgent ?? null,
  }
}

function encodeList(list: readonly string[] | undefined): string | null {
  return list === undefined ? null : JSON.stringify(list)
}

/** A row as it was encoded. Throws `StoreError` where a column holds something else. */
export function decodeKey(cells: Readonly<Record<string, unknown>>): KeyRow {
  return {
    id: text(cells['id']),
    kind: cells['kind'] === 'pk' ? 'pk' : 'sk',
    env: text(cells['env']),
    owner: text(cells['owner']),
    name: text(cells['name']),
    secretHashHex: text(cells['secret_hash_hex']),
    pepperVersion: Number(cells['pepper_version']),
    lastFour: text(cells['last_four']),
    previousHashHex: maybeText(cells['previous_hash_hex']),
    previousPepperVersion: maybeNumber(cells['previous_pepper_version']),
    previousUntilMs: maybeNumber(cells['previous_until_ms']),
    scopes: list(cells['scopes']) ?? [],
    roles: list(cells['roles']) ?? [],
    groups: list(cells['groups']) ?? [],
    operations: list(cells['operations']),
    cidrs: list(cells['cidrs']),
    origins: list(cells['origins']),
    tags: list(cells['tags']) ?? [],
    createdAtMs: Number(cells['created_at_ms']),
    createdBy: text(cells['created_by']),
    expiresAtMs: maybeNumber(cells['expires_at_ms']) ?? Infinity,
    rotatedAtMs: maybeNumber(cells['rotated_at_ms']),
    revokedAtMs: maybeNumber(cells['revoked_at_ms']),
    revokedWhy: maybeText(cells['revoked_why']),
    quarantinedAtMs: maybeNumber(cells['quarantined_at_ms']),
    quarantinedWhy: maybeText(cells['quarantined_why']),
    exposedAtMs: maybeNumber(cells['exposed_at_ms']),
    lastUsedAtMs: maybeNumber(cells['last_used_at_ms']),
    firstUsedAtMs: maybeNumber(cells['first_used_at_ms']),
    firstNetwork: maybeText(cells['first_network']),
    firstAgent: maybeText(cells['first_agent']),
  }
}

function text(cell: unknown): string {
  if (typeof cell === 'string') return cell
  throw new StoreError('unavailable', 'a text column of api_key holds something else')
}

function maybeText(cell: unknown): string | undefined {
  return cell === null ? undefined : text(cell)
}

function maybeNumber(cell: unknown): number | undefined {
  return cell === null ? undefined : Number(cell)
}

/** Fails closed: a list that is no list of strings would widen or narrow rights by accident. */
function list(cell: unknown): readonly string[] | undefined {
  if (cell === null) return undefined
  const value: unknown = JSON.parse(text(cell))
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw new StoreError('unavailable', 'a list column of api_key holds something else')
}

/** Stands in for a row that is not there, so that an unknown id costs what a known one does [AUN-04]. */
const DECOY: KeyRow = {
  id: '',
  kind: 'sk',
  env: 'live',
  owner: 'operator',
  name: 'decoy',
  secretHashHex: '0'.repeat(64),
  pepperVersion: 1,
  lastFour: '0000',
  previousHashHex: undefined,
  previousPepperVersion: undefined,
  previousUntilMs: undefined,
  scopes: ['orders:read'],
  roles: [],
  groups: [],
  operations: undefined,
  cidrs: undefined,
  origins: undefined,
  tags: [],
  createdAtMs: 1_767_225_600_000,
  createdBy: 'operator',
  expiresAtMs: 1_775_001_600_000,
  rotatedAtMs: undefined,
  revokedAtMs: undefined,
  revokedWhy: undefined,
  quarantinedAtMs: undefined,
  quarantinedWhy: undefined,
  exposedAtMs: undefined,
  lastUsedAtMs: 1_767_225_600_000,
  firstUsedAtMs: 1_767_225_600_000,
  firstNetwork: '192.0.2.0/24',
  firstAgent: 'curl/8.0.0',
}

/** The decoy as columns and the literals that select it, so that one statement finds a row or it. */
export function decoyCells(): { readonly names: readonly string[]; readonly literals: string } {
  const cells = Object.entries(encodeKey(DECOY))
  return {
    names: cells.map(([name]) => name),
    literals: cells.map(([, cell]) => literal(cell)).join(),
  }
}

function literal(cell: Cell): string {
  if (typeof cell === 'number') return String(cell)
  return cell === null ? 'NULL' : `'${cell}'`
}
