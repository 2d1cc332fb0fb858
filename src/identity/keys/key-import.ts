import { ConfigError } from '../../base/config-error.ts'
import type { ConfigFault } from '../../base/config-error.ts'
import { NEVER_HAPPENED } from '../../store/key-row.ts'
import type { KeyRecords, KeyRow } from '../../store/records.ts'
import type { Secrets } from '../../store/secrets-file.ts'
import { COMMON_SECRETS } from '../tokens/common-secrets.ts'
import { foreignDigest, foreignIds, foreignSecret } from './foreign-key.ts'
import { parseKeyRequest } from './key-request.ts'
import type { KeyRequest } from './key-request.ts'
import { hashSecret, matchSecret } from './secret-hash.ts'

/** `createdBy` of keys that came from another system. */
export const IMPORTED = 'import'
/** Keys of one import: it is one transaction. */
const MAX_IMPORTED = 10_000

/** One key of another system. */
export interface ForeignKey {
  /** SHA-256 of the key's text, 64 lower-case hexadecimal digits. */
  readonly digestHex: string
  /** Last four characters of the text, for people; empty where only the hash is known. */
  readonly lastFour: string
  readonly request: KeyRequest
}

/** The row of one key, and where the key stands among those of the import. */
export interface ImportedRow {
  readonly index: number
  readonly row: KeyRow
}

/** What an import does, or would do. */
export interface KeyImport {
  /** The rows that are new. */
  readonly made: readonly ImportedRow[]
  /** Rows that stood there before: they stay as they are. */
  readonly known: readonly ImportedRow[]
}

/** What an import works with. */
export interface KeyImportSettings {
  readonly keys: KeyRecords
  readonly secrets: Secrets
  /** Life of keys that say nothing. */
  readonly lifeMs: number
}

/**
 * Brings keys in: all that are new in one transaction, or none. A key that is there already, under this pepper or an
 * earlier one, stays as it is, so a second run changes nothing. `isDryRun`: only says what would be.
 * Throws `ConfigError` with every fault, each path beginning with `keys[INDEX]`; `StoreError`.
 */
export async function importKeys(
  settings: KeyImportSettings,
  entries: readonly ForeignKey[],
  { nowMs, isDryRun }: { readonly nowMs: number; readonly isDryRun: boolean },
): Promise<KeyImport> {
  const planned = plan(settings, entries, nowMs)
  const made: ImportedRow[] = []
  const known: ImportedRow[] = []
  for (const [index, { row, secret }] of planned.entries()) {
    const there = await find(settings, secret, index)
    if (there === undefined) made.push({ index, row })
    else known.push({ index, row: there })
  }
  if (isDryRun || made.length === 0) return { made, known }
  const taken = new Set(await settings.keys.insertNew(made.map(({ row }) => row)))
  // Somebody else brought the same keys in meanwhile.
  const [late, own] = [true, false].map((is) => made.filter(({ row }) => taken.has(row.id) === is))
  return { made: own ?? [], known: [...known, ...(late ?? [])] }
}

interface Planned {
  readonly row: KeyRow
  readonly secret: string
}

function plan(
  settings: KeyImportSettings,
  entries: readonly ForeignKey[],
  nowMs: number,
): readonly Planned[] {
  if (entries.length > MAX_IMPORTED)
    throw new ConfigError({
      path: 'keys',
      message: `${entries.length} keys are too many for one import`,
      cure: `split it: up to ${MAX_IMPORTED} at once`,
    })
  const faults: ConfigFault[] = []
  const seen = new Map<string, number>()
  const planned: Planned[] = []
  // A key whose text is known was measured before it got here; of a hash, at least this can be said.
  const common = new Set([...COMMON_SECRETS].map(foreignDigest))
  for (const [index, entry] of entries.entries()) {
    try {
      const earlier = seen.get(entry.digestHex)
      if (earlier !== undefined)
        throw new ConfigError({ path: '', message: 'is the same key as an entry before it' })
      if (common.has(entry.digestHex))
        throw new ConfigError({ path: '', message: 'is of a text in every list of guesses' })
      seen.set(entry.digestHex, index)
      planned.push(planOne(settings, entry, nowMs))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults) faults.push({ ...fault, path: pathOf(index, fault.path) })
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return planned
}

function pathOf(index: number, path: string): string {
  return path === '' ? `keys[${index}]` : `keys[${index}].${path}`
}

function planOne(
  { secrets, lifeMs }: KeyImportSettings,
  { digestHex, lastFour, request }: ForeignKey,
  nowMs: number,
): Planned {
  if (!/^[0-9a-f]{64}$/.test(digestHex))
    throw new ConfigError({ path: 'sha256', message: 'is no SHA-256 in 64 hexadecimal digits' })
  if (lastFour !== '' && !/^[\x21-\x7e]{4}$/.test(lastFour))
    throw new ConfigError({ path: 'lastFour', message: 'is no text of four characters' })
  const grant = parseKeyRequest({ ...request, createdBy: IMPORTED }, nowMs, lifeMs)
  const secret = foreignSecret(digestHex)
  const [id] = foreignIds(secret, secrets)
  if (id === undefined) throw new Error('the secrets hold no pepper')
  const { hashHex, pepperVersion } = hashSecret(secret, secrets)
  const row: KeyRow = {
    ...NEVER_HAPPENED,
    ...grant,
    id,
    owner: grant.owner ?? id,
    secretHashHex: hashHex,
    pepperVersion,
    lastFour,
    createdAtMs: nowMs,
  }
  return { row, secret }
}

/** The row of a key that was brought in before; also one that has been rotated since, while its old secret is kept. */
async function find(
  { keys, secrets }: KeyImportSettings,
  secret: string,
  index: number,
): Promise<KeyRow | undefined> {
  for (const id of foreignIds(secret, secrets)) {
    const row = await keys.get(id)
    if (row === undefined) continue
    // 60 bits that meet by chance, or a key whose old secret is forgotten: either way the id is taken.
    if (matchSecret(secret, row, secrets) === 'none' && row.createdBy !== IMPORTED)
      throw new ConfigError({
        path: pathOf(index, ''),
        message: `the id ${id} is taken by another key`,
      })
    return row
  }
  return undefined
}
