import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { ConfigError } from '../base/config-error.ts'
import { Secret } from '../base/secret.ts'

/** Port: the installation's own secrets, 32 random bytes each, by version. */
export interface Secrets {
  /** Key of the HMAC over API key secrets; `undefined` for a version that is not known. */
  pepper(version: number): Secret<Buffer> | undefined
  readonly currentPepperVersion: number
  /** Key that seals values; `undefined` for a version that is not known. */
  sealingKey(version: number): Secret<Buffer> | undefined
  readonly currentSealingVersion: number
}

interface SecretsDocument {
  readonly format: 1
  readonly currentPepper: number
  readonly peppers: Readonly<Record<string, string>>
  readonly currentSealingKey: number
  readonly sealingKeys: Readonly<Record<string, string>>
}

/** Bytes read of a secrets file at most. */
const MAX_FILE_BYTES = 64 * 1024

/** New random secrets that live as long as the process; for `store: memory` and tests. */
export function ephemeralSecrets(): Secrets {
  return parseSecrets(newSecretsText(), 'memory')
}

/**
 * Opens the secrets at `path`; makes them (mode 0600, on disk before this returns) when there is no file.
 * Two processes that start at once end up with the same file.
 * Throws `ConfigError` at `secrets` when the file cannot be read or made, is open to group or others, or is no
 * secrets file. @see CONTROLS ADM-04
 */
export function openSecrets(path: string): Secrets {
  return parseSecrets(readSecretsText(path), path)
}

function refusal(message: string, cure: string): ConfigError {
  return new ConfigError({ path: 'secrets', message, cure })
}

/** The text of a secrets file with new random secrets. */
export function newSecretsText(): string {
  const fresh = (): string => randomBytes(32).toString('base64url')
  const document: SecretsDocument = {
    format: 1,
    currentPepper: 1,
    peppers: { 1: fresh() },
    currentSealingKey: 1,
    sealingKeys: { 1: fresh() },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** The text of the secrets file at `path`, made when there is none. Throws as `openSecrets`. */
export function readSecretsText(path: string): string {
  try {
    return read(path)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    if (codeOf(cause) !== 'ENOENT') throw inaccessible(cause)
  }
  try {
    make(path)
    return read(path)
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : inaccessible(cause)
  }
}

function inaccessible(cause: unknown): ConfigError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return refusal(
    `the secrets file cannot be used: ${detail}`,
    'name a file this user may read and write',
  )
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}

function read(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const stat = fstatSync(fd)
    const mode = stat.mode & 0o777
    if (!stat.isFile()) throw refusal(`${path} is no file`, 'name a file')
    if ((mode & 0o077) !== 0)
      throw refusal(
        `${path} is open to others (mode ${mode.toString(8)}); whoever read it can check guesses of every key`,
        `chmod 600 ${path}, and rotate the keys if others could read it`,
      )
    if (stat.size > MAX_FILE_BYTES)
      throw refusal(`${path} is no secrets file`, 'name the right file')
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** Written aside and linked: the file appears whole or not at all, and never replaces one that another process made. */
function make(path: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  const fd = openSync(aside, 'wx', 0o600)
  try {
    fchmodSync(fd, 0o600)
    writeFileSync(fd, newSecretsText())
    fsyncSync(fd)
    linkSync(aside, path)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
  } finally {
    closeSync(fd)
    unlinkSync(aside)
  }
}

/** Reads the text of a secrets file; `path` stands in messages. Throws `ConfigError` at `secrets`. */
export function parseSecrets(text: string, path: string): Secrets {
  const peppers = new Map<number, Secret<Buffer>>()
  const sealingKeys = new Map<number, Secret<Buffer>>()
  const document = parseDocument(text)
  const isWhole =
    document !== undefined &&
    readKeys(document.peppers, peppers) &&
    readKeys(document.sealingKeys, sealingKeys) &&
    peppers.has(document.currentPepper) &&
    sealingKeys.has(document.currentSealingKey)
  if (!isWhole)
    throw refusal(
      `${path} is no secrets file, or it is damaged`,
      'restore it from a backup: without it every API key must be made again',
    )
  return {
    pepper: (version) => peppers.get(version),
    currentPepperVersion: document.currentPepper,
    sealingKey: (version) => sealingKeys.get(version),
    currentSealingVersion: document.currentSealingKey,
  }
}

function parseDocument(text: string): SecretsDocument | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isOurs =
      typeof value === 'object' && value !== null && 'format' in value && value.format === 1
    return isOurs ? (value as unknown as SecretsDocument) : undefined
  } catch {
    // No JSON is a damaged file like any other; the text must not get into a message.
    return undefined
  }
}

/** Reads `{"1": "<43 characters of base64url>"}`; `false` when an entry is anything else. */
function readKeys(entries: unknown, into: Map<number, Secret<Buffer>>): boolean {
  if (typeof entries !== 'object' || entries === null) return false
  for (const [version, text] of Object.entries(entries)) {
    if (!/^[1-9]\d{0,8}$/.test(version) || typeof text !== 'string') return false
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length !== 32) return false
    into.set(Number(version), new Secret(bytes))
  }
  return true
}
