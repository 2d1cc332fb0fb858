import { createHash, createHmac } from 'node:crypto'
import type { Secrets } from '../../store/secrets-file.ts'
import { textWeakness } from './text-strength.ts'

const SHAPE = /^[\x21-\x7e]{16,256}$/
/** Versions of the pepper that are tried. */
const MAX_VERSIONS = 16
const ID_CHARS = 12
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * Why a text cannot be a key of another system here, as a clause that does not show it; `undefined` for one that can.
 * It is asked when a key is imported and each time one is shown, so that no key counts whose hash alone was imported and
 * that is easy to guess. Linear in its length, and bounded; never throws.
 */
export function foreignWeakness(text: string, prefix: string): string | undefined {
  if (!SHAPE.test(text)) return 'is no text of 16 to 256 printable characters without blanks'
  if (text.startsWith(`${prefix}_sk_`) || text.startsWith(`${prefix}_pk_`))
    return 'looks like a key of this gateway'
  return textWeakness(text)
}

/** SHA-256 of a key's text, lower-case hexadecimal: the form in which imports hand keys over. */
export function foreignDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** What stands for the key in place of the secret part of an own one; no own secret has a blank. */
export function foreignSecret(digestHex: string): string {
  return `sha256 ${digestHex}`
}

/**
 * Under which ids a key of another system may stand, one for each version of the pepper, the current one first: 60 bits
 * of an HMAC, so that whoever has the store alone cannot look whether a guessed key is in it.
 */
export function foreignIds(secret: string, secrets: Secrets): readonly string[] {
  const ids: string[] = []
  const newest = secrets.currentPepperVersion
  for (let version = newest; version > 0 && version > newest - MAX_VERSIONS; version--) {
    const pepper = secrets.pepper(version)
    if (pepper !== undefined) ids.push(idOf(secret, pepper.reveal()))
  }
  return ids
}

function idOf(secret: string, pepper: Buffer): string {
  const bits = createHmac('sha256', pepper).update(`sallyport foreign key id ${secret}`).digest()
  let id = ''
  for (const byte of bits.subarray(0, ID_CHARS)) id += BASE32[byte & 31] ?? ''
  return id
}
