import { ConfigError } from '../base/config-error.ts'
import { openBytes, sealBytes } from './envelope.ts'
import type { KeyEncryptionKeys } from './secrets-document.ts'

/**
 * What of the secrets an edge needs: peppers, to check keys that others made, and keys that were derived for a purpose
 * and a time. What they were derived from is in it only where values of fields are tokenized there.
 */
export interface EdgeDocument {
  readonly format: 3
  /** Milliseconds since the epoch: the derived keys reach so far. */
  readonly untilMs: number
  readonly currentPepper: number
  /** Version -> 32 bytes, base64url. */
  readonly peppers: Readonly<Record<string, string>>
  readonly currentSealingKey: number
  /** Version, blank, purpose -> bytes, base64url. */
  readonly derived: Readonly<Record<string, string>>
  /** Version -> what compares the secrets with a store; it opens nothing else. */
  readonly checks: Readonly<Record<string, string>>
  /** Version -> 32 bytes; empty but for tokenized fields. */
  readonly sealingKeys: Readonly<Record<string, string>>
}

const IDENTITY = 'sallyport secrets of an edge'
const MAX_ENTRIES = 1000

/** Whether a text is such a document, sealed or not. */
export function isEdgeText(text: string): boolean {
  return /^\s*\{\s*"format"\s*:\s*3\b/.test(text)
}

/** The document as the text of a file: sealed as a whole with the first key, or in clear without one. */
export function writeEdgeDocument(document: EdgeDocument, [key]: KeyEncryptionKeys): string {
  const clear = JSON.stringify(document)
  if (key === undefined) return `${clear}\n`
  return `${JSON.stringify({ format: 3, sealed: sealBytes(key.reveal(), IDENTITY, Buffer.from(clear)) })}\n`
}

/** The document in clear. Throws `ConfigError` at `secrets`, or at `secrets.key` when no key opens it. */
export function readEdgeDocument(
  text: string,
  keys: KeyEncryptionKeys,
  path: string,
): EdgeDocument {
  const value = parse(text)
  if (typeof value?.['sealed'] !== 'string') {
    if (keys.length > 0)
      throw refusal('secrets.key', `${path} is not sealed, although a key is given`)
    return checked(value, path)
  }
  const sealed = value['sealed']
  for (const key of keys) {
    const opened = openBytes(key.reveal(), IDENTITY, sealed)
    if (opened !== undefined) return checked(parse(opened.toString()), path)
  }
  const why = keys.length === 0 ? 'is sealed and no key is given' : 'was sealed with another key'
  throw refusal('secrets.key', `${path} ${why}`)
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    // No JSON is a damaged file like any other; the text must not get into a message.
    return undefined
  }
}

const TABLES = ['peppers', 'derived', 'checks', 'sealingKeys'] as const

function checked(value: Record<string, unknown> | undefined, path: string): EdgeDocument {
  const isWhole =
    value !== undefined &&
    ['untilMs', 'currentPepper', 'currentSealingKey'].every((name) =>
      Number.isSafeInteger(value[name]),
    ) &&
    TABLES.every((name) => isTable(value[name]))
  if (!isWhole) throw refusal('secrets', `${path} is no secrets file of an edge, or it is damaged`)
  return value as unknown as EdgeDocument
}

function isTable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const texts = Object.values(value)
  return texts.length <= MAX_ENTRIES && texts.every((text) => /^[\w-]{43,100}$/.test(String(text)))
}

function refusal(path: string, message: string): ConfigError {
  const cure = 'make it anew at the control process: sallyport store edge-secrets FILE'
  return new ConfigError({ path, message, cure })
}
