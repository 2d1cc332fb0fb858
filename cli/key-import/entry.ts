import { ConfigError } from '../../src/base/config-error.ts'
import type { ConfigFault } from '../../src/base/config-error.ts'
import { didYouMean } from '../../src/base/suggest.ts'
import { foreignDigest, foreignWeakness } from '../../src/identity/keys/foreign-key.ts'

/** One key as it stands in a file: what is written, under the names that the file has for it. */
export interface FileKey {
  readonly line: number
  readonly values: ReadonlyMap<string, unknown>
}

/** One key as the admin API takes it; its text is not in it. */
export type ImportEntry = Readonly<Record<string, unknown>>

/** How columns are read. */
export interface EntryRules {
  readonly file: string
  /** First part of the gateway's own keys. */
  readonly prefix: string
  /** Columns that are passed over. */
  readonly ignored: ReadonlySet<string>
  /** Expiry of keys that say none: `90d`, `never`. */
  readonly expires: string | undefined
}

/** Name in files, lower case without `_` and `-` -> what it is. */
const COLUMNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    key: 'key apikey keytext',
    sha256: 'sha256 keysha256 hash keyhash',
    algorithm: 'algorithm hashalgorithm',
    owner: 'owner subject sub consumer customid username',
    name: 'name description label alias',
    scopes: 'scopes scope',
    roles: 'roles role',
    groups: 'groups group',
    tags: 'tags',
    operations: 'operations',
    cidrs: 'cidrs allowcidrs ips allowedips',
    origins: 'origins',
    plan: 'plan',
    expires: 'expires expiresat expiry',
    metadata: 'metadata meta',
  }).flatMap(([what, names]) => names.split(' ').map((name) => [name, what] as const)),
)
const LISTS: ReadonlySet<string> = new Set([
  'scopes',
  'roles',
  'groups',
  'tags',
  'operations',
  'cidrs',
  'origins',
])

/** Reads one key. Throws `ConfigError` with every fault, at the line of the key; none shows a key. */
export function readEntry(key: FileKey, rules: EntryRules): ImportEntry {
  const faults: ConfigFault[] = []
  const fault = (path: string, message: string, cure?: string): void => {
    const place = { path, message, file: rules.file, line: key.line }
    faults.push(cure === undefined ? place : { ...place, cure })
  }
  const named = nameColumns(key, rules, fault)
  const text = named.get('key')
  const entry = { ...identityOf(named, rules, fault), ...grantOf(named, rules, fault) }
  if (typeof text === 'string' && 'sha256' in entry && JSON.stringify(entry).includes(text))
    fault('', 'the text of the key stands in another column too', 'take it out there')
  if (faults.length > 0) throw new ConfigError(faults)
  return entry
}

type Tell = (path: string, message: string, cure?: string) => void

function nameColumns(key: FileKey, rules: EntryRules, fault: Tell): ReadonlyMap<string, unknown> {
  const named = new Map<string, unknown>()
  for (const [written, value] of key.values) {
    if (rules.ignored.has(written)) continue
    const name = COLUMNS.get(written.toLowerCase().replaceAll(/[_\s-]/g, ''))
    if (name === undefined) fault(written, 'nobody knows this column', cureFor(written))
    else if (value === null || value === '') continue
    else if (named.has(name)) fault(written, `${name} is said twice`, `--ignore ${written}`)
    else named.set(name, value)
  }
  return named
}

function cureFor(written: string): string {
  const meant = didYouMean(written, [...new Set(COLUMNS.values())])
  return `${meant === undefined ? '' : `${meant}; `}--ignore ${written} passes it over`
}

/** The key as its hash. */
function identityOf(
  named: ReadonlyMap<string, unknown>,
  { prefix }: EntryRules,
  fault: Tell,
): ImportEntry {
  const [key, hash] = [named.get('key'), named.get('sha256')]
  if ((key === undefined) === (hash === undefined)) {
    fault('key', 'one of key and sha256 must be there', 'the text of the key, or its SHA-256')
    return {}
  }
  if (key !== undefined) {
    if (typeof key !== 'string') {
      fault('key', 'must be a text')
      return {}
    }
    const weakness = foreignWeakness(key, prefix)
    if (weakness !== undefined) {
      fault('key', `the key ${weakness}`, 'give this caller a new one: sallyport keys create')
      return {}
    }
    return { sha256: foreignDigest(key), lastFour: key.slice(-4) }
  }
  const written = named.get('algorithm') ?? 'sha256'
  const isSha256 = typeof written === 'string' && /^sha-?256$/i.test(written)
  const digest = typeof hash === 'string' ? digestHexOf(hash) : undefined
  if (isSha256 && digest !== undefined) return { sha256: digest }
  fault(
    'sha256',
    'only a plain SHA-256 of the whole key can be checked here: no salt, no HMAC, no other hash',
    '64 hexadecimal digits or base64 of 32 bytes; else give the key itself, or make a new one',
  )
  return {}
}

function digestHexOf(written: string): string | undefined {
  const text = written.trim().replace(/^sha-?256[:-]/i, '')
  if (/^[\da-f]{64}$/i.test(text)) return text.toLowerCase()
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined
  return Buffer.from(text, 'base64').toString('hex')
}

function grantOf(named: ReadonlyMap<string, unknown>, rules: EntryRules, fault: Tell): ImportEntry {
  const entry: Record<string, unknown> = {}
  for (const name of ['owner', 'name']) {
    const value = named.get(name)
    if (value === undefined) continue
    if (typeof value === 'string' || typeof value === 'number') entry[name] = String(value)
    else fault(name, 'must be a text')
  }
  for (const name of LISTS) {
    const list = named.has(name) ? listOf(named.get(name)) : []
    if (list === undefined) fault(name, 'must be a list of texts')
    else if (list.length > 0) entry[name] = list
  }
  const tags = [
    ...((entry['tags'] as readonly string[] | undefined) ?? []),
    ...tagsOf(named, fault),
  ]
  if (tags.length > 0) entry['tags'] = tags
  const expiry = expiryOf(named.get('expires') ?? rules.expires, fault)
  return { ...entry, ...expiry }
}

/** In CSV: apart by blanks, `;` or `|`. */
function listOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(/[\s;|,]+/).filter((item) => item !== '')
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined
  return value
}

/** Plan and metadata are kept as tags: `plan:gold`, `team:orders`. */
function tagsOf(named: ReadonlyMap<string, unknown>, fault: Tell): readonly string[] {
  const plan = named.get('plan')
  const tags = typeof plan === 'string' ? [`plan:${plan}`] : []
  if (plan !== undefined && typeof plan !== 'string') fault('plan', 'must be a text')
  const metadata = objectOf(named.get('metadata'))
  if (metadata === undefined) fault('metadata', 'must be an object of texts, numbers and flags')
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (name === 'plan' || /[:\s]/.test(name) || typeof value === 'object')
      fault(`metadata.${name}`, 'cannot be kept as a tag', 'a plan has a column of its own')
    else tags.push(`${name}:${String(value)}`)
  }
  return tags
}

function objectOf(value: unknown): object | undefined {
  if (value === undefined) return {}
  try {
    const read: unknown = typeof value === 'string' ? JSON.parse(value) : value
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : undefined
  } catch {
    // A text that is no JSON: told by the caller, with its place.
    return undefined
  }
}

/** A duration, `never`, RFC 3339, or seconds (from 10^11 on, milliseconds) since 1970. */
function expiryOf(value: unknown, fault: Tell): ImportEntry {
  if (value === undefined) return {}
  const number = typeof value === 'string' && /^\d{9,14}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && number > 0 && number < 8e15)
    return { expiresAt: new Date(number < 1e11 ? number * 1000 : number).toISOString() }
  if (typeof value !== 'string') {
    fault('expires', 'is no time', '90d, never, 2027-01-31T00:00:00Z, or seconds since 1970')
    return {}
  }
  return /^\d{4}-/.test(value) ? { expiresAt: rfc3339(value) } : { expires: value }
}

/** A day alone ends the key when it begins, UTC; a blank may stand for the T. */
function rfc3339(text: string): string {
  const time = text.replace(' ', 'T')
  return /^\d{4}-\d\d-\d\d$/.test(time) ? `${time}T00:00:00Z` : time
}
