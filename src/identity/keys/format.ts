import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ConfigError } from '../../base/config-error.ts'

/** Secret (`sk`) keys stay on servers; publishable (`pk`) keys may stand in a page and are bound to origins. */
export type KeyKind = 'sk' | 'pk'

/** The parts of a key's text. */
export interface KeyText {
  readonly kind: KeyKind
  readonly env: string
  /** 12 characters of lower-case base32 (60 bit): public, may be logged. */
  readonly id: string
  /** 43 characters of base62 (256 bit). */
  readonly secret: string
}

/** How the keys of one installation look. */
export interface KeyFormat {
  readonly prefix: string
  /** Draws id and secret from the system's generator. */
  generate(kind: KeyKind, env: string): KeyText
  /** A new secret for a known id. */
  renew(key: Pick<KeyText, 'kind' | 'env' | 'id'>): KeyText
  /** The text a client sends. */
  format(key: KeyText): string
  /** @returns `undefined` unless shape and checksum are exactly right. Bounded by 160 characters; never throws. */
  parse(text: string): KeyText | undefined
}

/** Longest text that can be a key. */
const MAX_KEY_CHARS = 160
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_CHARS = 12
const SECRET_CHARS = 43
const BODY = '_([sp]k)_([a-z0-9]{1,16})_([a-z2-7]{12})_([0-9A-Za-z]{43})_([0-9a-f]{8})'

/** Environment names: 1 to 16 lower-case letters and digits. */
export const ENV_PATTERN: RegExp = /^[a-z0-9]{1,16}$/

/**
 * The format `<prefix>_<sk|pk>_<env>_<id>_<secret>_<crc32>`, the checksum over all before it in 8 hexadecimal digits:
 * a typing mistake is told from a guess without a look at the store.
 * Throws `ConfigError` at `auth.apiKey.prefix` unless the prefix is 2 to 16 lower-case letters and digits.
 * @see CONTROLS KEY-01
 */
export function keyFormat(prefix: string): KeyFormat {
  checkPrefix(prefix)
  const shape = new RegExp(`^${prefix}${BODY}$`)
  const format = (key: KeyText): string => {
    const head = `${prefix}_${key.kind}_${key.env}_${key.id}_${key.secret}`
    return `${head}_${checksum(head)}`
  }
  const renew: KeyFormat['renew'] = ({ kind, env, id }) => ({
    kind,
    env,
    id,
    secret: randomText(BASE62, SECRET_CHARS),
  })
  return {
    prefix,
    generate: (kind, env) => renew({ kind, env, id: randomText(BASE32, ID_CHARS) }),
    renew,
    format,
    parse: (text) => parse(text, shape),
  }
}

/**
 * Finds keys in other text, such as a URL or a log line: generous (no checksum, secrets cut short too), global flag.
 * Linear time. Throws like `keyFormat`.
 */
export function keyScanner(prefix: string): RegExp {
  checkPrefix(prefix)
  return new RegExp(
    `(?<![0-9A-Za-z])${prefix}_[sp]k_[a-z0-9]{1,16}_[a-z2-7]{12}_[0-9A-Za-z]{16,64}(?:_[0-9a-f]{1,8})?`,
    'g',
  )
}

function checkPrefix(prefix: string): void {
  if (/^[a-z][a-z0-9]{1,15}$/.test(prefix)) return
  throw new ConfigError({
    path: 'auth.apiKey.prefix',
    message: `${JSON.stringify(prefix.slice(0, 40))} cannot begin a key`,
    cure: '2 to 16 lower-case letters and digits, a letter first',
  })
}

function parse(text: string, shape: RegExp): KeyText | undefined {
  if (text.length > MAX_KEY_CHARS) return undefined
  const [, kind, env, id, secret, sum] = shape.exec(text) ?? []
  if (env === undefined || id === undefined || secret === undefined) return undefined
  if (checksum(text.slice(0, -9)) !== sum) return undefined
  return { kind: kind === 'pk' ? 'pk' : 'sk', env, id, secret }
}

function checksum(head: string): string {
  return crc32(head).toString(16).padStart(8, '0')
}

/** Uniform: bytes beyond the last whole multiple of the alphabet are drawn again. */
function randomText(alphabet: string, chars: number): string {
  const limit = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < chars) {
    for (const byte of randomBytes(chars)) {
      if (byte < limit && text.length < chars) text += alphabet[byte % alphabet.length]
    }
  }
  return text
}
