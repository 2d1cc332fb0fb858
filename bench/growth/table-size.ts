import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import { join } from 'node:path'
import { keyFormat } from '../../src/identity/keys/format.ts'
import { hashSecret } from '../../src/identity/keys/secret-hash.ts'
import { KeyService } from '../../src/identity/keys/service.ts'
import { openStore } from '../../src/store/open-store.ts'
import { openSecrets } from '../../src/store/secrets-file.ts'

/** How much a gateway has loaded. */
export interface Size {
  readonly keys: number
  readonly routes: number
  readonly rules: number
  readonly cidrs: number
}

/** Keys that a request may carry; the others only fill the table. */
export const MOST_CALLERS = 200_000
const ITEM_SCHEMA = {
  type: 'object',
  properties: Object.fromEntries(
    ['id', 'name', 'status', 'price', 'currency', 'tags', 'owner', 'updatedAt'].map((n) => [n, {}]),
  ),
}

/** Roles are granted this many operations each, or one where there are few. */
function grantsPerRole(rules: number): number {
  return rules >= 1000 ? 10 : 1
}

function rolesOf({ rules }: Size): number {
  return rules / grantsPerRole(rules)
}

/** The document: one operation for each route, behind a key. */
export function growthDocument({ routes }: Size): string {
  const operation = (route: number): object => ({
    get: {
      operationId: `op${route}`,
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
        { name: 'lang', in: 'query', schema: { type: 'string', pattern: '^[a-z]{2}$' } },
      ],
      responses: {
        200: { description: 'ok', content: { 'application/json': { schema: ITEM_SCHEMA } } },
      },
    },
  })
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Growth', version: '1' },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
    paths: Object.fromEntries(
      Array.from({ length: routes }, (_, route) => [`/r${route}/items/{id}`, operation(route)]),
    ),
  })
}

/** `authorize.roles`: every role is granted a run of operations. */
export function growthRoles(size: Size): Record<string, readonly string[]> {
  const each = grantsPerRole(size.rules)
  return Object.fromEntries(
    Array.from({ length: rolesOf(size) }, (_, role) => [
      `role${role}`,
      Array.from({ length: each }, (_, n) => `op:op${(firstRoute(role, size) + n) % size.routes}`),
    ]),
  )
}

function firstRoute(role: number, { routes, ...size }: Size): number {
  return (role * Math.max(1, Math.floor(routes / rolesOf({ routes, ...size })))) % routes
}

/** Networks of which none is ours. */
export function growthCidrs({ cidrs }: Size): readonly string[] {
  return Array.from({ length: cidrs }, (_, n) => `11.${n >> 8}.${n & 255}.0/24`)
}

/** Key rows are copies of one that the product made; the columns are the store's own business. */
async function patternRow(folder: string): Promise<Record<string, SQLInputValue>> {
  const records = openStore(`sqlite:${join(folder, 'sallyport.db')}`, Date.now())
  const secrets = openSecrets(join(folder, 'sallyport.secrets'))
  const service = new KeyService({ records, secrets })
  const { row } = await service.admin.create({ name: 'growth' }, Date.now())
  await service.flush()
  records.close()
  const db = new DatabaseSync(join(folder, 'sallyport.db'))
  const cells = db.prepare('SELECT * FROM api_key WHERE id = ?').get(row.id)
  db.close()
  return cells as Record<string, SQLInputValue>
}

/**
 * Makes `sallyport.db` and `sallyport.secrets` with `size.keys` keys, and `keys.txt`: a key and a route that it may call in
 * each line, for the first 200,000.
 */
export async function writeKeys(folder: string, size: Size): Promise<void> {
  const cells = await patternRow(folder)
  const secrets = openSecrets(join(folder, 'sallyport.secrets'))
  const db = new DatabaseSync(join(folder, 'sallyport.db'))
  const names = Object.keys(cells)
  const insert = db.prepare(
    `INSERT INTO api_key (${names.join()}) VALUES (${names.map((name) => `:${name}`).join()})`,
  )
  const format = keyFormat('sp')
  const lines: string[] = []
  db.exec('PRAGMA synchronous = OFF; BEGIN')
  for (let index = 0; index < size.keys; index += 1) {
    const role = index % rolesOf(size)
    const roles = JSON.stringify([`role${role}`])
    if (index >= MOST_CALLERS) {
      insert.run({ ...cells, roles, id: fillerId(index), secret_hash_hex: randomHash() })
      continue
    }
    const key = format.generate('sk', 'live')
    const { hashHex } = hashSecret(key.secret, secrets)
    insert.run({ ...cells, roles, id: key.id, secret_hash_hex: hashHex })
    lines.push(`${format.format(key)} /r${firstRoute(role, size)}`)
  }
  db.exec('COMMIT')
  db.close()
  writeFileSync(join(folder, 'keys.txt'), lines.join('\n'))
}

/** Twelve characters, spread over the whole table. */
function fillerId(index: number): string {
  return `${randomBytes(3).toString('hex')}${index.toString(36).padStart(6, 'z')}`.slice(0, 12)
}

function randomHash(): string {
  return randomBytes(32).toString('hex')
}
