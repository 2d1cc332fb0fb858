import { openFfi } from '../../base/open-ffi.ts'

const int = 'int32'
const address = 'uint64'
/** Of memory, and in it: `size_t` is 64 bits wide where this was tested. */
const size = 'uint64'
const buffer = 'buffer'

const CALLS = {
  BIO_new_mem_buf: { return: address, arguments: [buffer, int] },
  BIO_free: { return: int, arguments: [address] },
  d2i_PUBKEY_bio: { return: address, arguments: [address, address] },
  d2i_PrivateKey_bio: { return: address, arguments: [address, address] },
  EVP_PKEY_free: { return: 'void', arguments: [address] },
  EVP_PKEY_CTX_new: { return: address, arguments: [address, address] },
  EVP_PKEY_CTX_free: { return: 'void', arguments: [address] },
  EVP_PKEY_verify_init: { return: int, arguments: [address] },
  EVP_PKEY_sign_init: { return: int, arguments: [address] },
  EVP_PKEY_CTX_set_rsa_padding: { return: int, arguments: [address, int] },
  EVP_PKEY_CTX_set_signature_md: { return: int, arguments: [address, address] },
  EVP_PKEY_verify: { return: int, arguments: [address, buffer, size, address, size] },
  EVP_PKEY_sign: { return: int, arguments: [address, address, address, address, size] },
  EVP_sha256: { return: address, arguments: [] },
  EVP_sha384: { return: address, arguments: [] },
  EVP_sha512: { return: address, arguments: [] },
  ERR_clear_error: { return: 'void', arguments: [] },
} as const

/** An address that may lie anywhere; 0: none. */
export type Address = bigint

/** Functions of the OpenSSL that is part of Node, by their C names. */
export interface SignatureCalls {
  BIO_new_mem_buf(bytes: Buffer, count: number): Address
  BIO_free(bio: Address): number
  d2i_PUBKEY_bio(bio: Address, into: Address): Address
  d2i_PrivateKey_bio(bio: Address, into: Address): Address
  EVP_PKEY_free(key: Address): void
  EVP_PKEY_CTX_new(key: Address, engine: Address): Address
  EVP_PKEY_CTX_free(context: Address): void
  EVP_PKEY_verify_init(context: Address): number
  EVP_PKEY_sign_init(context: Address): number
  EVP_PKEY_CTX_set_rsa_padding(context: Address, padding: number): number
  EVP_PKEY_CTX_set_signature_md(context: Address, hash: Address): number
  EVP_PKEY_verify(
    context: Address,
    signature: Buffer,
    signatureBytes: bigint,
    digest: Address,
    digestBytes: bigint,
  ): number
  EVP_PKEY_sign(
    context: Address,
    signature: Address,
    signatureBytes: Address,
    digest: Address,
    digestBytes: bigint,
  ): number
  EVP_sha256(): Address
  EVP_sha384(): Address
  EVP_sha512(): Address
  ERR_clear_error(): void
}

let opened: SignatureCalls | null | undefined

/** @returns `undefined` where `openFfi` gives nothing. */
export function signatureCalls(): SignatureCalls | undefined {
  if (opened === undefined) opened = open() ?? null
  return opened ?? undefined
}

/** Memory that calls may be given by its address; whoever hands the address out keeps `bytes`. */
export interface FixedMemory {
  readonly bytes: Buffer
  readonly address: Address
}

/**
 * Memory of its own that never moves. To ask a `Buffer` for its memory costs more in every call than to know the address.
 * @returns `undefined` where `openFfi` gives nothing.
 */
export function fixedMemory(size: number): FixedMemory | undefined {
  const memory = new ArrayBuffer(size)
  try {
    const address = openFfi()?.getRawPointer(memory)
    return address === undefined ? undefined : { bytes: Buffer.from(memory), address }
  } catch {
    // Refused by the permission model.
    return undefined
  }
}

function open(): SignatureCalls | undefined {
  try {
    return openFfi()?.dlopen(null, CALLS).functions
  } catch {
    // Refused by the permission model, or a symbol is not there.
    return undefined
  }
}
