import { SIGNING_SEED_BYTES } from '../identity/signing/derive-key.ts'
import { KEY_PERIOD_MS, signingPurpose } from '../identity/signing/signing-keys.ts'
import {
  SEALING_KEY_BYTES,
  SEALING_PERIOD_MS,
  sealingPurpose,
} from '../identity/wrapped/sealing-keys.ts'
import type { EdgeDocument } from '../store/edge-document.ts'
import type { Secrets } from '../store/secrets-file.ts'
import type { Settings } from './config/settings.ts'

/** What the key of the pseudonyms is derived for. */
export const PSEUDONYM_PURPOSE = 'sallyport pseudonyms'
export const PSEUDONYM_BYTES = 32

/** Periods of 30 days that the keys of an edge reach ahead. */
const PERIODS_AHEAD = 13
/** Versions of the sealing key whose derived keys an edge gets: the current one and what it took the place of. */
const VERSIONS = 2

/**
 * What of the secrets an edge needs for some thirteen months: every pepper, and the keys that sign the identity
 * towards the API, seal tokens of log-ins and make pseudonyms. `needsDataKeys`: also the sealing keys themselves, from
 * which the key of every tenant's fields comes.
 */
export function edgeDocument(
  secrets: Secrets,
  { nowMs, needsDataKeys }: { readonly nowMs: number; readonly needsDataKeys: boolean },
): EdgeDocument {
  const { currentPepperVersion, currentSealingVersion } = secrets
  const derived: Record<string, string> = {}
  const oldest = Math.max(1, currentSealingVersion - VERSIONS + 1)
  for (let version = oldest; version <= currentSealingVersion; version++) {
    for (const [purpose, bytes] of purposesAt(nowMs)) {
      const key = secrets.derived(version, purpose, bytes)
      if (key !== undefined) derived[`${version} ${purpose}`] = key.toString('base64url')
    }
  }
  return {
    format: 3,
    untilMs: (Math.floor(nowMs / KEY_PERIOD_MS) + PERIODS_AHEAD) * KEY_PERIOD_MS,
    currentPepper: currentPepperVersion,
    peppers: byVersion(currentPepperVersion, (version) => secrets.pepper(version)?.reveal()),
    currentSealingKey: currentSealingVersion,
    derived,
    checks: byVersion(currentSealingVersion, (version) => secrets.checkKey(version)),
    sealingKeys: needsDataKeys
      ? byVersion(currentSealingVersion, (version) => secrets.sealingKey(version)?.reveal())
      : {},
  }
}

function* purposesAt(nowMs: number): Iterable<readonly [purpose: string, bytes: number]> {
  yield [PSEUDONYM_PURPOSE, PSEUDONYM_BYTES]
  const signing = Math.floor(nowMs / KEY_PERIOD_MS)
  const sealing = Math.floor(nowMs / SEALING_PERIOD_MS)
  for (let ahead = -1; ahead <= PERIODS_AHEAD + 1; ahead++) {
    yield [signingPurpose(signing + ahead), SIGNING_SEED_BYTES]
    yield [sealingPurpose(sealing + ahead), SEALING_KEY_BYTES]
  }
}

function byVersion(
  current: number,
  find: (version: number) => Buffer | undefined,
): Readonly<Record<string, string>> {
  const table: Record<string, string> = {}
  for (let version = 1; version <= current; version++) {
    const bytes = find(version)
    if (bytes !== undefined) table[version] = bytes.toString('base64url')
  }
  return table
}

/** Words for what is done with keys of fields. */
const KEYED: ReadonlySet<unknown> = new Set(['tokenize', 'hash', 'fpe', 'siv'])

/** Whether fields are tokenized or hashed anywhere. Errs on the side of yes. */
export function needsDataKeys({ blocks, rules }: Pick<Settings, 'blocks' | 'rules'>): boolean {
  return holdsKeyed([blocks.data, blocks.authorize, rules], 0)
}

const MAX_DEPTH = 32

function holdsKeyed(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return KEYED.has(value)
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return depth > MAX_DEPTH
  const inner = value instanceof Map ? [...value.values()] : Object.values(value)
  return inner.some((one) => holdsKeyed(one, depth + 1))
}
