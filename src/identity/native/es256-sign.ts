import { hash, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { fixedMemory } from './calls.ts'
import type { FixedMemory } from './calls.ts'
import { PreparedKeys } from './prepared-key.ts'

/** Of R and of S. */
const HALF_BYTES = 32
/** SEQUENCE of two INTEGERs, each with a zero before its first bit. */
const MAX_DER_BYTES = 2 + 2 * (2 + 1 + HALF_BYTES)

// Places in the memory of a call: a `size_t` at its beginning, what is signed, and what OpenSSL writes.
const DIGEST = 8
const DIGEST_BYTES = 32
const DER = DIGEST + DIGEST_BYTES
const MEMORY_BYTES = DER + MAX_DER_BYTES
const DIGEST_PLACE = BigInt(DIGEST)
const DER_PLACE = BigInt(DER)
const DIGEST_SIZE = BigInt(DIGEST_BYTES)

const keys = new PreparedKeys({
  read: (calls, bio) => calls.d2i_PrivateKey_bio(bio, 0n),
  begin: (calls, context) =>
    calls.EVP_PKEY_sign_init(context) === 1 &&
    calls.EVP_PKEY_CTX_set_signature_md(context, calls.EVP_sha256()) === 1,
})
/** Written and read within one call. */
let memory: FixedMemory | undefined
/** R and S; written and read within one call. */
const sides = Buffer.alloc(2 * HALF_BYTES)

/** Signs ASCII characters with a private key of P-256. @returns R and S side by side as base64url, RFC 7518 section 3.4. */
export function signEs256(signed: string, key: KeyObject): string {
  return signNatively(signed, key) ?? signByNode(signed, key).toString('base64url')
}

function signByNode(signed: string, key: KeyObject): Buffer {
  return sign('sha256', Buffer.from(signed, 'latin1'), { key, dsaEncoding: 'ieee-p1363' })
}

/** @returns `undefined` where OpenSSL cannot be called, or does not sign. */
function signNatively(signed: string, key: KeyObject): string | undefined {
  const prepared = keys.of(key)
  if (prepared === undefined) return undefined
  memory ??= fixedMemory(MEMORY_BYTES)
  if (memory === undefined) return undefined
  const { calls, context } = prepared
  const { bytes, address } = memory
  // How long it may be, and afterwards how long it is; a `size_t`, whose upper bytes nothing may be left in.
  bytes.fill(0, 0, DIGEST)
  bytes[0] = MAX_DER_BYTES
  // As text, which is nothing but characters to the collector; a `Buffer` would come with memory to give back.
  bytes.write(hash('sha256', signed, 'latin1'), DIGEST, 'latin1')
  const der = address + DER_PLACE
  const digest = address + DIGEST_PLACE
  if (calls.EVP_PKEY_sign(context, der, address, digest, DIGEST_SIZE) === 1) return sidesOf(bytes)
  // What OpenSSL says of a failure would be told to whoever asks it next.
  calls.ERR_clear_error()
  return undefined
}

/**
 * R and S of what OpenSSL wrote, each filled up to its 32 bytes; lengths of one byte, as two numbers of 256 bits have.
 * @see SEC 1 appendix C.8
 */
function sidesOf(written: Buffer): string {
  sides.fill(0)
  // After the head of the SEQUENCE and that of R.
  const end = putRight(written, DER + 4, HALF_BYTES)
  putRight(written, end + 2, 2 * HALF_BYTES)
  return sides.toString('base64url')
}

/** Copies the INTEGER whose length stands before `at` to where it ends in `sides`. @returns its end. */
function putRight(written: Buffer, at: number, endAt: number): number {
  const end = at + (written[at - 1] ?? 0)
  // Zeros may stand before it, or it may be shorter.
  const from = Math.max(at, end - HALF_BYTES)
  written.copy(sides, endAt - (end - from), from, end)
  return end
}
