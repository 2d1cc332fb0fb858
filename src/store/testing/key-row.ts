import { NEVER_HAPPENED } from '../key-row.ts'
import type { KeyRow } from '../records.ts'

/** A key row for tests: no rights, no restrictions, valid for ever; `part` overrides. */
export function keyRow(part: Partial<KeyRow> = {}): KeyRow {
  return {
    ...NEVER_HAPPENED,
    id: 'aaaaaaaaaaaa',
    kind: 'sk',
    env: 'live',
    owner: 'ann',
    name: 'first',
    secretHashHex: '00'.repeat(32),
    pepperVersion: 1,
    lastFour: 'wxyz',
    scopes: [],
    roles: [],
    groups: [],
    operations: undefined,
    cidrs: undefined,
    origins: undefined,
    tags: [],
    createdAtMs: 1000,
    createdBy: 'test',
    expiresAtMs: Infinity,
    ...part,
  }
}

/** A row in which every field holds something, for round trips. */
export const FULL_ROW: KeyRow = keyRow({
  id: 'bcdefghijklm',
  kind: 'pk',
  env: 'test',
  owner: 'Zoë 漢字',
  name: `quote ' " \n`,
  previousHashHex: '11'.repeat(32),
  previousPepperVersion: 1,
  previousUntilMs: 5000,
  scopes: ['orders:read', 'x y'],
  roles: ['admin'],
  groups: ['g'],
  operations: ['listOrders'],
  cidrs: ['10.0.0.0/8'],
  origins: ['https://app.example.com'],
  tags: ['t'],
  createdAtMs: 2000,
  expiresAtMs: 9e12,
  rotatedAtMs: 1,
  revokedAtMs: 2,
  revokedWhy: 'leaked',
  quarantinedAtMs: 3,
  quarantinedWhy: 'moved',
  exposedAtMs: 4,
})
