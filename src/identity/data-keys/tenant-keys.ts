import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { constantTimeEqual } from '../../base/constant-time.ts'
import { decryptFf1, encryptFf1, fitsFf1 } from './ff1.ts'

const PREFIX = 'tok_'
/** What a token text may be at most, opened or not. */
const MAX_CHARS = 8192
const TAG_BYTES = 16
const DIGITS = '0123456789'
const TOKEN = /^tok_(\d{1,4})_([\w-]{22,})$/

/** Keys of one tenant under one version of the sealing key. */
export class TenantKeys {
  readonly #version: number
  readonly #hash: Buffer
  readonly #mac: Buffer
  readonly #cipher: Buffer
  readonly #form: Buffer

  /** @param secret the sealing key of `version`. @see RFC 5869 */
  constructor(secret: Buffer, version: number, tenant: string) {
    const derive = (use: string): Buffer =>
      Buffer.from(hkdfSync('sha256', secret, tenant, `sallyport data ${use}`, 32))
    this.#version = version
    this.#hash = derive('hash')
    this.#mac = derive('token mac')
    this.#cipher = derive('token cipher')
    this.#form = derive('token form')
  }

  /** The same for the same text, and of no use without the key: 128 bits, base64url. */
  hash(text: string): string {
    return createHmac('sha256', this.#hash).update(text).digest('base64url').slice(0, 22)
  }

  /**
   * A token for a text, the same for the same text. Deterministic encryption with a synthetic IV, as RFC 5297 has it:
   * the IV is an HMAC over the text, and opening checks it.
   */
  tokenize(text: string): string {
    const tag = createHmac('sha256', this.#mac).update(text).digest().subarray(0, TAG_BYTES)
    const cipher = createCipheriv('aes-256-ctr', this.#cipher, tag)
    const sealed = Buffer.concat([tag, cipher.update(text, 'utf8'), cipher.final()])
    return `${PREFIX}${this.#version}_${sealed.toString('base64url')}`
  }

  /** The text behind a token of these keys; `undefined` for anything else. */
  open(token: string): string | undefined {
    const match = token.length > MAX_CHARS ? null : TOKEN.exec(token)
    const sealed = Buffer.from(match?.[2] ?? '', 'base64url')
    if (match === null || sealed.length < TAG_BYTES) return undefined
    const tag = sealed.subarray(0, TAG_BYTES)
    const cipher = createDecipheriv('aes-256-ctr', this.#cipher, tag)
    const text = Buffer.concat([cipher.update(sealed.subarray(TAG_BYTES)), cipher.final()])
    const own = createHmac('sha256', this.#mac).update(text).digest().subarray(0, TAG_BYTES)
    return constantTimeEqual(own, tag) ? text.toString('utf8') : undefined
  }

  /** The digits of a text encrypted into as many others, the rest as it is; `undefined` where they are too few. */
  tokenizeForm(text: string): string | undefined {
    return this.#inForm(text, encryptFf1)
  }

  /** Undoes `tokenizeForm`. Any text of digits opens to something: only the form is checked. */
  openForm(text: string): string | undefined {
    return this.#inForm(text, decryptFf1)
  }

  #inForm(text: string, run: typeof encryptFf1): string | undefined {
    if (text.length > MAX_CHARS) return undefined
    const digits = text.replaceAll(/\D/g, '')
    if (!fitsFf1(DIGITS, digits.length)) return undefined
    const changed = run(digits, { key: this.#form, tweak: Buffer.alloc(0), alphabet: DIGITS })
    let next = 0
    return text.replaceAll(/\d/g, () => changed[next++] ?? '')
  }
}

/** Version of the sealing key that a token names; `undefined` where the text is no token. */
export function tokenVersion(token: string): number | undefined {
  const version = token.startsWith(PREFIX) ? TOKEN.exec(token.slice(0, MAX_CHARS))?.[1] : undefined
  return version === undefined ? undefined : Number(version)
}
