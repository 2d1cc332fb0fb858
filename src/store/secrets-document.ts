import { createHmac, randomBytes } from 'node:crypto'
import { ConfigError } from '../base/config-error.ts'
import { Secret } from '../base/secret.ts'
import { openBytes, sealBytes } from './envelope.ts'

/** The secrets of an installation in clear: 32 bytes each as base64url, by version. */
export interface SecretsDocument {
  readonly format: 1
  readonly currentPepper: number
  readonly peppers: Readonly<Record<string, string>>
  readonly currentSealingKey: number
  readonly sealingKeys: Readonly<Record<string, string>>
}

/** The same under an envelope: each value sealed with a data key, the data key sealed with the operator's. */
interface SealedDocument extends Omit<SecretsDocument, 'format'> {
  readonly format: 2
  /** Tells which key-encryption key opens it; no part of the key. */
  readonly keyId: string
  readonly dataKey: string
}

/** Keys that open a secrets file: the first seals it, the others still open what they sealed. 32 bytes each. */
export type KeyEncryptionKeys = readonly Secret<Buffer>[]

/**
 * Reads a key-encryption key: 32 bytes as 64 hexadecimal digits or as base64, as `openssl rand -base64 32` writes it.
 * Throws `ConfigError` at `at` that never repeats the text.
 */
export function parseKeyEncryptionKey(text: string, at: string): Secret<Buffer> {
  const trimmed = text.trim()
  const bytes = /^[\da-f]{64}$/i.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(/^[\w+/-]{43}=?$/.test(trimmed) ? trimmed : '', 'base64')
  if (bytes.length === 32) return new Secret(bytes)
  throw new ConfigError({
    path: at,
    message: 'is no key of 32 bytes',
    cure: 'make one with openssl rand -base64 32',
  })
}

function refusal(path: string, message: string, cure: string): ConfigError {
  return new ConfigError({ path, message, cure })
}

/** New random secrets. */
export function newDocument(): SecretsDocument {
  return {
    format: 1,
    currentPepper: 1,
    peppers: { 1: newSecretText() },
    currentSealingKey: 1,
    sealingKeys: { 1: newSecretText() },
  }
}

/** 32 random bytes as they stand in a document. */
export function newSecretText(): string {
  return randomBytes(32).toString('base64url')
}

/** The document as the text of a file: sealed with the first key, or in clear without one. */
export function writeDocument(document: SecretsDocument, [key]: KeyEncryptionKeys): string {
  const written = key === undefined ? document : sealDocument(document, key.reveal())
  return `${JSON.stringify(written, null, 2)}\n`
}

/**
 * The document in clear. `path` stands in messages. Throws `ConfigError`: at `secrets` for what is no secrets file, at
 * `secrets.key` when no key opens it, or when a key is given and the file stands in clear.
 */
export function readDocument(text: string, keys: KeyEncryptionKeys, path: string): SecretsDocument {
  const value = parse(text)
  if (value?.format === 2) return openDocument(value as SealedDocument, keys, path)
  if (value?.format === 3)
    throw refusal(
      'secrets',
      `${path} is the secrets file of an edge, which makes and changes nothing`,
      'name the file of the control process',
    )
  if (value?.format !== 1) throw damaged(path)
  if (keys.length > 0)
    throw refusal(
      'secrets.key',
      `${path} is not sealed, although a key is given`,
      'sallyport store rekey --wrap seals it',
    )
  return value as SecretsDocument
}

/** What a file that nobody can read, or that was changed, is refused with. */
export function damaged(path: string): ConfigError {
  return refusal(
    'secrets',
    `${path} is no secrets file, or it is damaged`,
    'restore it from a backup: without it every API key must be made again',
  )
}

function parse(text: string): { readonly format?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // No JSON is a damaged file like any other; the text must not get into a message.
    return undefined
  }
}

function keyIdOf(key: Buffer): string {
  return createHmac('sha256', key).update('sallyport key id').digest('hex').slice(0, 16)
}

/** Which versions are current is sealed in with the data key: an older one cannot be made current again. */
function dataKeyIdentity(document: Omit<SecretsDocument, 'format'>): string {
  const versions = (entries: object): string => Object.keys(entries).toSorted().join()
  return [
    'sallyport secrets data key',
    document.currentPepper,
    versions(document.peppers),
    document.currentSealingKey,
    versions(document.sealingKeys),
  ].join(' ')
}

function sealDocument(document: SecretsDocument, key: Buffer): SealedDocument {
  const dataKey = randomBytes(32)
  const seal = (name: string) => (version: string, value: string) =>
    sealBytes(dataKey, `${name} ${version}`, Buffer.from(value))
  return {
    ...document,
    format: 2,
    keyId: keyIdOf(key),
    dataKey: sealBytes(key, dataKeyIdentity(document), dataKey),
    peppers: mapEntries(document.peppers, seal('pepper')),
    sealingKeys: mapEntries(document.sealingKeys, seal('sealing key')),
  }
}

function openDocument(
  sealed: SealedDocument,
  keys: KeyEncryptionKeys,
  path: string,
): SecretsDocument {
  if (typeof sealed.keyId !== 'string') throw damaged(path)
  const key = keys.find((one) => keyIdOf(one.reveal()) === sealed.keyId)?.reveal()
  if (key === undefined)
    throw refusal(
      'secrets.key',
      keys.length === 0
        ? `${path} is sealed and no key is given`
        : `${path} was sealed with another key (${sealed.keyId.slice(0, 16)})`,
      'name the key that sealed it: secrets: { file: PATH, key: env:NAME }; without it nothing opens the file',
    )
  if (
    typeof sealed.dataKey !== 'string' ||
    !isTable(sealed.peppers) ||
    !isTable(sealed.sealingKeys)
  )
    throw damaged(path)
  const dataKey = openBytes(key, dataKeyIdentity(sealed), sealed.dataKey)
  if (dataKey?.length !== 32) throw damaged(path)
  const open = (name: string) => (version: string, value: string) => {
    const opened = openBytes(dataKey, `${name} ${version}`, value)
    if (opened === undefined) throw damaged(path)
    return opened.toString()
  }
  const { currentPepper, currentSealingKey } = sealed
  return {
    format: 1,
    currentPepper,
    peppers: mapEntries(sealed.peppers, open('pepper')),
    currentSealingKey,
    sealingKeys: mapEntries(sealed.sealingKeys, open('sealing key')),
  }
}

function isTable(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((one) => typeof one === 'string')
}

function mapEntries(
  entries: Readonly<Record<string, string>>,
  map: (version: string, value: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(entries).map(([version, value]) => [version, map(version, value)]),
  )
}
