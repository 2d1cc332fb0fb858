import { hash, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { PreparedKeys } from './prepared-key.ts'

/** Of R and of S. */
const HALF_BYTES = 32
/** SEQUENCE of two INTEGERs, each with a zero before its first bit. */
const MAX_DER_BYTES = 2 + 2 * (2 + 1 + HALF_BYTES)
const DIGEST_BYTES = 32n

const keys = new PreparedKeys({
  read: (calls, bio) => calls.d2i_PrivateKey_bio(bio, 0n),
  begin: (calls, context) =>
    calls.EVP_PKEY_sign_init(context) === 1 &&
    calls.EVP_PKEY_CTX_set_signature_md(context, calls.EVP_sha256()) === 1,
})
const der = Buffer.alloc(MAX_DER_BYTES)
const derBytes = Buffer.alloc(8)

/** Signs with a private key of P-256: R and S side by side, RFC 7518 section 3.4. */
export function signEs256(bytes: Buffer, key: KeyObject): Buffer {
  return signNatively(bytes, key) ?? sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
}

/** @returns `undefined` where OpenSSL cannot be called, or does not sign. */
function signNatively(bytes: Buffer, key: KeyObject): Buffer | undefined {
  const prepared = keys.of(key)
  if (prepared === undefined) return undefined
  const { calls, context } = prepared
  // How long it may be, and afterwards how long it is; a `size_t`, whose upper bytes nothing may be left in.
  derBytes.fill(0)
  derBytes[0] = MAX_DER_BYTES
  const digest = hash('sha256', bytes, 'buffer')
  if (calls.EVP_PKEY_sign(context, der, derBytes, digest, DIGEST_BYTES) === 1) return sidesOf(der)
  // What OpenSSL says of a failure would be told to whoever asks it next.
  calls.ERR_clear_error()
  return undefined
}

/**
 * R and S of what OpenSSL wrote, each filled up to its 32 bytes; lengths of one byte, as two numbers of 256 bits have.
 * @see SEC 1 appendix C.8
 */
function sidesOf(written: Buffer): Buffer {
  const sides = Buffer.alloc(2 * HALF_BYTES)
  // After the head of the SEQUENCE and that of R.
  const end = putRight(written, 4, { into: sides, endAt: HALF_BYTES })
  putRight(written, end + 2, { into: sides, endAt: 2 * HALF_BYTES })
  return sides
}

/** Copies the INTEGER whose length stands before `at`. @returns its end. */
function putRight(
  written: Buffer,
  at: number,
  { into, endAt }: { readonly into: Buffer; readonly endAt: number },
): number {
  const end = at + (written[at - 1] ?? 0)
  // Zeros may stand before it, or it may be shorter.
  const from = Math.max(at, end - HALF_BYTES)
  written.copy(into, endAt - (end - from), from, end)
  return end
}
