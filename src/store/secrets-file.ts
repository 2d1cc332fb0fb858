import { createHmac, hkdfSync } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { ConfigError } from '../base/config-error.ts'
import { Secret } from '../base/secret.ts'
import { isEdgeText, readEdgeDocument, writeEdgeDocument } from './edge-document.ts'
import type { EdgeDocument } from './edge-document.ts'
import { syncFolder, writeAside } from './private-file.ts'
import {
  damaged,
  newDocument,
  newSecretText,
  readDocument,
  writeDocument,
} from './secrets-document.ts'
import type { KeyEncryptionKeys, SecretsDocument } from './secrets-document.ts'

/** Port: the installation's own secrets, 32 random bytes each, by version. */
export interface Secrets {
  /** Key of the HMAC over API key secrets; `undefined` for a version that is not known. */
  pepper(version: number): Secret<Buffer> | undefined
  readonly currentPepperVersion: number
  /** Key that seals values; `undefined` for a version that is not known. */
  sealingKey(version: number): Secret<Buffer> | undefined
  readonly currentSealingVersion: number
  /**
   * A key that is derived from a sealing key for one purpose (HKDF-SHA-256, RFC 5869), `bytes` long; `undefined` for a
   * version that is not known, or where only other purposes are.
   */
  derived(version: number, purpose: string, bytes: number): Buffer | undefined
  /** What compares a sealing key with the store. */
  checkKey(version: number): Buffer | undefined
  /** Of an edge: until when its derived keys reach; `undefined` for the secrets of the installation. */
  readonly edgeUntilMs?: number
}

/** What a store is asked to remember of its secrets. */
export const CHECK_TEXT = 'sallyport secrets check'

/** Bytes read of a secrets file at most. */
const MAX_FILE_BYTES = 64 * 1024

/** New random secrets that live as long as the process; for `store: memory` and tests. */
export function ephemeralSecrets(): Secrets {
  return parseSecrets(newSecretsText(), 'memory')
}

/**
 * Opens the secrets at `path`; makes them (mode 0600, on disk before this returns) when there is no file. With `keys`
 * the file is sealed: AES-256-GCM under the first of them.
 * Two processes that start at once end up with the same file.
 * Throws `ConfigError` at `secrets` when the file cannot be read or made, is open to others (a group may read
 * root's, if this process is in it and not root), or is no secrets file; at `secrets.key` when none of the keys opens it. @see CONTROLS ADM-04, ADM-05
 */
export function openSecrets(path: string, keys: KeyEncryptionKeys = []): Secrets {
  return parseSecrets(readSecretsText(path, keys), path)
}

function refusal(message: string, cure: string): ConfigError {
  return new ConfigError({ path: 'secrets', message, cure })
}

/** The text of a secrets file with new random secrets, in clear. */
export function newSecretsText(): string {
  return writeDocument(newDocument(), [])
}

/** The secrets at `path` as text in clear; the file is made when there is none. Throws as `openSecrets`. */
export function readSecretsText(path: string, keys: KeyEncryptionKeys = []): string {
  const text = readOrMake(path, keys)
  if (isEdgeText(text)) return writeEdgeDocument(readEdgeDocument(text, keys, path), [])
  return writeDocument(readDocument(text, keys, path), [])
}

/** What is to be done to a secrets file. What new secrets take the place of stays for reading. */
export interface RekeyOrder {
  /** A new pepper for keys that are made or rotated from now on. */
  readonly pepper: boolean
  /** A new key for what is sealed, signed and tokenized from now on. */
  readonly sealing: boolean
}

/** The versions that are current after a `rekeySecrets`. */
export interface Rekeyed {
  readonly pepper: number
  readonly sealingKey: number
  readonly isSealed: boolean
}

/**
 * Adds new secrets to the file at `path` as the order says, and seals it anew with the first of the keys, whichever of
 * them sealed it before or none. The file is replaced whole or not at all. Throws as `openSecrets`.
 */
export function rekeySecrets(path: string, keys: KeyEncryptionKeys, order: RekeyOrder): Rekeyed {
  const text = readExisting(path)
  const old = readDocument(text, isClear(text) ? [] : keys, path)
  // Nothing damaged is written again as if it were whole.
  parseSecrets(writeDocument(old, []), path)
  const document = renewed(old, order)
  const aside = writeAside(path, writeDocument(document, keys))
  renameSync(aside, path)
  syncFolder(path)
  const { currentPepper: pepper, currentSealingKey: sealingKey } = document
  return { pepper, sealingKey, isSealed: keys.length > 0 }
}

function isClear(text: string): boolean {
  return /^\s*\{\s*"format"\s*:\s*1\b/.test(text)
}

function renewed(old: SecretsDocument, { pepper, sealing }: RekeyOrder): SecretsDocument {
  const nextPepper = old.currentPepper + (pepper ? 1 : 0)
  const nextSealing = old.currentSealingKey + (sealing ? 1 : 0)
  return {
    format: 1,
    currentPepper: nextPepper,
    peppers: pepper ? { ...old.peppers, [nextPepper]: newSecretText() } : old.peppers,
    currentSealingKey: nextSealing,
    sealingKeys: sealing ? { ...old.sealingKeys, [nextSealing]: newSecretText() } : old.sealingKeys,
  }
}

function readExisting(path: string): string {
  try {
    return read(path)
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : inaccessible(cause)
  }
}

function readOrMake(path: string, keys: KeyEncryptionKeys): string {
  try {
    return read(path)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    if (codeOf(cause) !== 'ENOENT') throw inaccessible(cause)
  }
  try {
    make(path, keys)
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
    if ((mode & 0o077) !== 0 && !isGivenToOurGroup(stat))
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

/**
 * Root's file, which a group of this process may read and nobody else: how an orchestrator hands a secret to a process
 * that is not root (a Kubernetes volume with `fsGroup`). Who else is in the group is the operator's to say.
 */
function isGivenToOurGroup({ mode, uid, gid }: Stats): boolean {
  if ((mode & 0o077) !== 0o040 || uid !== 0 || process.getuid?.() === 0) return false
  return process.getgid?.() === gid || process.getgroups?.().includes(gid) === true
}

/** Linked: the file appears whole or not at all, and never replaces one that another process made. */
function make(path: string, keys: KeyEncryptionKeys): void {
  const aside = writeAside(path, writeDocument(newDocument(), keys))
  try {
    linkSync(aside, path)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
  } finally {
    unlinkSync(aside)
  }
  syncFolder(path)
}

/** Reads secrets in clear; `path` stands in messages. Throws `ConfigError` at `secrets`. */
export function parseSecrets(text: string, path: string): Secrets {
  if (isEdgeText(text)) return edgeSecrets(readEdgeDocument(text, [], path), path)
  const peppers = new Map<number, Secret<Buffer>>()
  const sealingKeys = new Map<number, Secret<Buffer>>()
  const document = readDocument(text, [], path)
  const isWhole =
    readKeys(document.peppers, peppers) &&
    readKeys(document.sealingKeys, sealingKeys) &&
    peppers.has(document.currentPepper) &&
    sealingKeys.has(document.currentSealingKey)
  if (!isWhole) throw damaged(path)
  return {
    pepper: (version) => peppers.get(version),
    currentPepperVersion: document.currentPepper,
    sealingKey: (version) => sealingKeys.get(version),
    currentSealingVersion: document.currentSealingKey,
    ...derivedFrom((version) => sealingKeys.get(version)),
  }
}

/** What comes from sealing keys that are there. */
export function derivedFrom(
  sealingKey: Secrets['sealingKey'],
): Pick<Secrets, 'derived' | 'checkKey'> {
  return {
    derived: (version, purpose, bytes) => {
      const key = sealingKey(version)?.reveal()
      return key === undefined
        ? undefined
        : Buffer.from(hkdfSync('sha256', key, '', purpose, bytes))
    },
    checkKey: (version) => {
      const key = sealingKey(version)?.reveal()
      return key === undefined ? undefined : createHmac('sha256', key).update(CHECK_TEXT).digest()
    },
  }
}

/** What an edge has: derived keys as they were handed to it. */
function edgeSecrets(document: EdgeDocument, path: string): Secrets {
  const peppers = new Map<number, Secret<Buffer>>()
  const sealingKeys = new Map<number, Secret<Buffer>>()
  const { currentPepper, currentSealingKey, derived, checks, untilMs } = document
  const isWhole =
    readKeys(document.peppers, peppers) &&
    readKeys(document.sealingKeys, sealingKeys) &&
    peppers.has(currentPepper)
  if (!isWhole) throw damaged(path)
  const handed = new Map(Object.entries({ ...derived, ...prefixed(checks) }))
  const find = (name: string, bytes: number): Buffer | undefined => {
    const key = Buffer.from(handed.get(name) ?? '', 'base64url')
    return key.length === bytes ? key : undefined
  }
  return {
    pepper: (version) => peppers.get(version),
    currentPepperVersion: currentPepper,
    sealingKey: (version) => sealingKeys.get(version),
    currentSealingVersion: currentSealingKey,
    derived: (version, purpose, bytes) => find(`${version} ${purpose}`, bytes),
    checkKey: (version) => find(`check ${version}`, 32),
    edgeUntilMs: untilMs,
  }
}

function prefixed(checks: EdgeDocument['checks']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(checks).map(([version, key]) => [`check ${version}`, key]),
  )
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
