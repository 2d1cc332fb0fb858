import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const PREFIX = 'v1.'

/**
 * Seals bytes with AES-256-GCM and a random nonce. `key`: 32 bytes. `identity` says whose value it is and is sealed in:
 * at any other place it does not open. One key seals less than 2^32 values (NIST SP 800-38D section 8.3).
 */
export function sealBytes(key: Buffer, identity: string, bytes: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(identity))
  const sealed = Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  return PREFIX + sealed.toString('base64url')
}

/** What was sealed under this key and identity; `undefined` for everything else. */
export function openBytes(key: Buffer, identity: string, text: string): Buffer | undefined {
  const sealed = text.startsWith(PREFIX)
    ? Buffer.from(text.slice(PREFIX.length), 'base64url')
    : Buffer.alloc(0)
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(identity))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
  try {
    return Buffer.concat([opened, decipher.final()])
  } catch {
    // Another key, another place, or changed: which of them is nobody's business.
    return undefined
  }
}
