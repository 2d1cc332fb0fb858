import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import type { GrantNames } from '../gateway/grant-names.ts'
import type { IssuedKey, RotateOptions } from '../identity/keys/admin.ts'
import type { ForeignKey, ImportedRow } from '../identity/keys/key-import.ts'
import { keyView } from '../identity/keys/view.ts'
import type { KeyRow } from '../store/records.ts'
import { json } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import { checkKnownNames } from './known-names.ts'
import { readFields } from './request-fields.ts'
import type { FieldTable, FieldValues } from './request-fields.ts'
import type { AdminTarget } from './target.ts'

const GRANT: FieldTable = {
  owner: 'text',
  name: 'text',
  scopes: 'texts',
  roles: 'texts',
  groups: 'texts',
  tags: 'texts',
  expires: 'expiry',
  expiresAt: 'time',
  allowUnknown: 'flag',
}
const CREATE: FieldTable = {
  ...GRANT,
  kind: 'text',
  env: 'text',
  operations: 'texts',
  cidrs: 'texts',
  origins: 'texts',
}
const UPDATE: FieldTable = { ...GRANT, operations: 'texts?', cidrs: 'texts?', origins: 'texts?' }
const IMPORT: FieldTable = {
  ...GRANT,
  sha256: 'text',
  lastFour: 'text',
  operations: 'texts',
  cidrs: 'texts',
  origins: 'texts',
}
const ROTATE: FieldTable = { overlap: 'duration', expires: 'expiry', expiresAt: 'time' }
const REVOKE: FieldTable = { why: 'text' }

/** One call on keys. `body` is the parsed body, `{}` for none. */
export interface KeyCall {
  readonly target: Pick<AdminTarget, 'keys' | 'keyPrefix' | 'emit' | 'grantNames'>
  readonly body: unknown
  readonly nowMs: number
}

/** `GET /keys`: an array, oldest first; never a secret. */
export async function listKeys(call: KeyCall): Promise<AdminAnswer> {
  return json((await call.target.keys.list()).map((row) => viewOf(row, call)))
}

/** `GET /keys/due`: an array of keys that want attention, soonest first, each with `why` and `at`. */
export async function dueKeys(call: KeyCall): Promise<AdminAnswer> {
  const due = await call.target.keys.due(call.nowMs)
  return json(
    due.map(({ row, why, atMs }) => ({
      ...viewOf(row, call),
      why,
      at: new Date(atMs).toISOString(),
    })),
  )
}

/** `GET /keys/{id}`. Every function that names a key answers `undefined` when there is none. */
export async function showKey(call: KeyCall, id: string): Promise<AdminAnswer | undefined> {
  const row = await call.target.keys.show(id)
  return row === undefined ? undefined : json(viewOf(row, call))
}

/** `POST /keys`: 201 with the key's text, this once [KEY-01, S0.11]. Throws `ConfigError`. */
export async function createKey(call: KeyCall): Promise<AdminAnswer> {
  const fields = await readGrant(call, CREATE)
  const kind = fields.get('kind')
  if (kind !== undefined && kind !== 'sk' && kind !== 'pk')
    throw new ConfigError({ path: 'kind', message: 'there is no such kind', cure: 'sk or pk' })
  const issued = await call.target.keys.create(fieldsOf(fields), call.nowMs)
  tell(call, 'authn_token_created', 'created', issued.row)
  const answer = json(issuedView(issued, call), 201)
  return { ...answer, headers: ['location', `/keys/${issued.row.id}`] }
}

/**
 * `POST /keys/import`: `{keys: [{sha256, lastFour, …}], dryRun, allowUnknown}`, all of them or none; never the text of a
 * key. Answers what was made and what stood there before, each with its `index` in the request. Throws `ConfigError` with paths
 * such as `keys[3].cidrs[0]`.
 */
export async function importKeys(call: KeyCall): Promise<AdminAnswer> {
  const { keys, isDryRun, isFree } = readImport(call.body)
  const names = isFree ? undefined : await call.target.grantNames()
  const entries = readEntries(keys, call.nowMs, names)
  const { made, known } = await call.target.keys.import(entries, { nowMs: call.nowMs, isDryRun })
  if (!isDryRun) for (const { row } of made) tell(call, 'authn_token_created', 'imported', row)
  const view = ({ index, row }: ImportedRow): object => ({ index, ...viewOf(row, call) })
  return json({ dryRun: isDryRun, made: made.map(view), known: known.map(view) })
}

interface ImportOrder {
  readonly keys: readonly unknown[]
  readonly isDryRun: boolean
  readonly isFree: boolean
}

function readImport(body: unknown): ImportOrder {
  const { keys, ...flags } = (typeof body === 'object' ? body : {}) as Record<string, unknown>
  const fields = readFields(flags, { dryRun: 'flag', allowUnknown: 'flag' }, 0)
  if (!Array.isArray(keys)) throw new ConfigError({ path: 'keys', message: 'must be a list' })
  return {
    keys,
    isDryRun: fields.get('dryRun') === true,
    isFree: fields.get('allowUnknown') === true,
  }
}

function readEntries(
  keys: readonly unknown[],
  nowMs: number,
  names: GrantNames | undefined,
): readonly ForeignKey[] {
  const faults: ConfigFault[] = []
  const entries: ForeignKey[] = []
  for (const [index, key] of keys.entries()) {
    try {
      const fields = new Map(readFields(key, IMPORT, nowMs))
      if (names !== undefined) checkKnownNames(fields, names)
      const [digestHex, lastFour] = [fields.get('sha256'), fields.get('lastFour')]
      for (const name of ['sha256', 'lastFour', 'allowUnknown']) fields.delete(name)
      entries.push({
        digestHex: typeof digestHex === 'string' ? digestHex : '',
        lastFour: typeof lastFour === 'string' ? lastFour : '',
        request: fieldsOf(fields),
      })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults)
        faults.push({ ...fault, path: `keys[${index}]${fault.path && `.${fault.path}`}` })
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return entries
}

/** `POST /keys/{id}/rotate`: the new text, this once. Throws `ConfigError`; its path is `id` for a dead key. */
export async function rotateKey(call: KeyCall, id: string): Promise<AdminAnswer | undefined> {
  const options = fieldsOf(readFields(call.body, ROTATE, call.nowMs)) as RotateOptions
  const issued = await call.target.keys.rotate(id, options, call.nowMs)
  if (issued === undefined) return undefined
  tell(call, 'authn_token_created', 'rotated', issued.row)
  return json(issuedView(issued, call))
}

/** `POST /keys/{id}/revoke`: ends the key. Throws `ConfigError`. */
export async function revokeKey(call: KeyCall, id: string): Promise<AdminAnswer | undefined> {
  const why = readFields(call.body, REVOKE, call.nowMs).get('why')
  const row = await call.target.keys.revoke(id, typeof why === 'string' ? why : '', call.nowMs)
  if (row === undefined) return undefined
  tell(call, 'authn_token_revoked', 'revoked', row)
  return json(viewOf(row, call))
}

/** `PATCH /keys/{id}`: what is left out stays; `null` takes a restriction away. Throws `ConfigError`. */
export async function updateKey(call: KeyCall, id: string): Promise<AdminAnswer | undefined> {
  const fields = await readGrant(call, UPDATE)
  const row = await call.target.keys.update(id, fieldsOf(fields), call.nowMs)
  if (row === undefined) return undefined
  tell(call, 'privilege_permissions_changed', 'updated', row, [...fields.keys()].join(' '))
  return json(viewOf(row, call))
}

/** The fields of a grant, its names known unless the caller says that they need not be. Throws `ConfigError`. */
async function readGrant(call: KeyCall, table: FieldTable): Promise<FieldValues> {
  const fields = new Map(readFields(call.body, table, call.nowMs))
  const isFree = fields.get('allowUnknown') === true
  fields.delete('allowUnknown')
  const isNamed = ['operations', 'scopes', 'roles', 'groups'].some((name) => fields.has(name))
  const names = isFree || !isNamed ? undefined : await call.target.grantNames()
  if (names !== undefined) checkKnownNames(fields, names)
  return fields
}

// `readFields` lets through only names of a table, each of its kind; the tables are made after the types.
function fieldsOf(fields: FieldValues): object {
  return Object.fromEntries(fields)
}

function viewOf(row: KeyRow, call: KeyCall): object {
  return keyView(row, call.target.keyPrefix, call.nowMs)
}

function issuedView(issued: IssuedKey, call: KeyCall): object {
  return { ...viewOf(issued.row, call), key: issued.key.reveal() }
}

function tell(call: KeyCall, name: string, reason: string, row: KeyRow, changed?: string): void {
  call.target.emit({
    name,
    level: 'info',
    control: 'keys',
    reason,
    facts: {
      key_id: row.id,
      owner: row.owner,
      actor: 'admin-socket',
      ...(changed === undefined ? {} : { changed }),
    },
  })
}
