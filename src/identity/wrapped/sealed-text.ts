import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SealingKeys } from './sealing-keys.ts'

/** How sealed tokens begin, so that scanners of leaked secrets know them: `/spw_[\w-]{64,}/`. */
export const SEALED_PREFIX = 'spw_'
/** Longest sealed token in characters; what stands in `Authorization` is at most 8 KiB [TOK-01]. */
export const MAX_SEALED_CHARS = 7680

const FORMAT = 1
/** Format, version of the secret, period: in clear, and bound by the seal. */
const HEAD_BYTES = 9
const NONCE_BYTES = 12
const TAG_BYTES = 16
const LEAST_BYTES = HEAD_BYTES + NONCE_BYTES + TAG_BYTES

/** Seals bytes for a purpose: nobody reads them, changes them or opens them as anything else (AES-256-GCM). */
export function sealText(
  keys: SealingKeys,
  plain: Buffer,
  { purpose, nowMs }: { readonly purpose: string; readonly nowMs: number },
): string {
  const { key, version, period } = keys.current(nowMs)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(FORMAT, 0)
  head.writeUInt32BE(version, 1)
  head.writeUInt32BE(period, 5)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(boundTo(head, purpose))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  const all = Buffer.concat([head, nonce, sealed, cipher.getAuthTag()])
  return SEALED_PREFIX + all.toString('base64url')
}

/** The bytes in a sealed text; `undefined` for whatever this gateway did not seal for this purpose. Never throws. */
export function openText(
  keys: SealingKeys,
  text: string,
  { purpose, nowMs }: { readonly purpose: string; readonly nowMs: number },
): Buffer | undefined {
  if (!text.startsWith(SEALED_PREFIX) || text.length > MAX_SEALED_CHARS) return undefined
  const code = text.slice(SEALED_PREFIX.length)
  const all = Buffer.from(code, 'base64url')
  // One token has one spelling, so that a list of ended ones cannot be got around.
  if (all.length < LEAST_BYTES || all.toString('base64url') !== code) return undefined
  if (all.readUInt8(0) !== FORMAT) return undefined
  const name = { version: all.readUInt32BE(1), period: all.readUInt32BE(5) }
  const key = keys.find(name, nowMs)
  return key === undefined ? undefined : decrypted(key, all, purpose)
}

function decrypted(key: KeyObject, all: Buffer, purpose: string): Buffer | undefined {
  const nonce = all.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(boundTo(all.subarray(0, HEAD_BYTES), purpose))
  decipher.setAuthTag(all.subarray(all.length - TAG_BYTES))
  const plain = decipher.update(all.subarray(HEAD_BYTES + NONCE_BYTES, all.length - TAG_BYTES))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    return undefined // the tag is wrong: somebody else made it, or for something else
  }
}

function boundTo(head: Buffer, purpose: string): Buffer {
  return Buffer.concat([head, Buffer.from(`sallyport wrap\0${purpose}`)])
}
