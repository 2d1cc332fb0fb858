import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { fixedMemory } from './calls.ts'
import type { Address, FixedMemory, SignatureCalls } from './calls.ts'
import { PreparedKeys } from './prepared-key.ts'

const RSA_PKCS1_PADDING = 1
/** Of SHA-512. */
const MAX_DIGEST_BYTES = 64

const HASHES: Readonly<Record<RsaHash, (calls: SignatureCalls) => Address>> = {
  sha256: (calls) => calls.EVP_sha256(),
  sha384: (calls) => calls.EVP_sha384(),
  sha512: (calls) => calls.EVP_sha512(),
}

/** Hashes of RS256, RS384 and RS512. */
export type RsaHash = 'sha256' | 'sha384' | 'sha512'

/** Whether the hash is one of those of `rsaVerify`. */
export function isRsaHash(name: string): name is RsaHash {
  return Object.hasOwn(HASHES, name)
}

const keysOf: Readonly<Record<RsaHash, PreparedKeys>> = {
  sha256: keysFor('sha256'),
  sha384: keysFor('sha384'),
  sha512: keysFor('sha512'),
}

function keysFor(name: RsaHash): PreparedKeys {
  return new PreparedKeys({
    read: (calls, bio) => calls.d2i_PUBKEY_bio(bio, 0n),
    begin: (calls, context) =>
      calls.EVP_PKEY_verify_init(context) === 1 &&
      calls.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) === 1 &&
      calls.EVP_PKEY_CTX_set_signature_md(context, HASHES[name](calls)) === 1,
  })
}

/** What is signed, hashed; written and read within one call. */
let digest: FixedMemory | undefined

/**
 * Checks a signature of RSASSA-PKCS1-v1_5 over ASCII characters, RFC 8017 section 8.2.2.
 * `key`: a public key of type `rsa`. Never throws.
 * @returns `undefined` where OpenSSL cannot be called: ask Node.
 */
export function rsaVerify(
  name: RsaHash,
  key: KeyObject,
  { signed, signature }: { readonly signed: string; readonly signature: Buffer },
): boolean | undefined {
  const prepared = keysOf[name].of(key)
  if (prepared === undefined) return undefined
  const { calls, context } = prepared
  digest ??= fixedMemory(MAX_DIGEST_BYTES)
  if (digest === undefined) return undefined
  // As text, which is nothing but characters to the collector; a `Buffer` would come with memory to give back.
  const digestBytes = digest.bytes.write(hash(name, signed, 'latin1'), 'latin1')
  const result = calls.EVP_PKEY_verify(
    context,
    signature,
    BigInt(signature.length),
    digest.address,
    BigInt(digestBytes),
  )
  if (result === 1) return true
  // What OpenSSL says of a failure would be told to whoever asks it next.
  calls.ERR_clear_error()
  return false
}
