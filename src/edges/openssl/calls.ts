import type * as Ffi from 'node:ffi'
import { openNative } from '../kernel/calls.ts'
import type { Native } from '../kernel/calls.ts'

const int = 'int32'
/** Addresses in the lower 4 GiB pass as numbers. */
const low = 'uint32'
const address = 'uint64'

const CALLS = {
  TLS_server_method: { return: address, arguments: [] },
  SSL_CTX_new: { return: address, arguments: [address] },
  SSL_CTX_free: { return: 'void', arguments: [address] },
  SSL_CTX_ctrl: { return: 'int64', arguments: [address, int, 'int64', address] },
  SSL_CTX_set_options: { return: address, arguments: [address, address] },
  SSL_CTX_set_cipher_list: { return: int, arguments: [address, low] },
  SSL_CTX_set_ciphersuites: { return: int, arguments: [address, low] },
  SSL_CTX_set_session_id_context: { return: int, arguments: [address, low, low] },
  SSL_CTX_set_alpn_select_cb: { return: 'void', arguments: [address, address, address] },
  SSL_CTX_use_certificate: { return: int, arguments: [address, address] },
  SSL_CTX_use_PrivateKey: { return: int, arguments: [address, address] },
  SSL_CTX_check_private_key: { return: int, arguments: [address] },
  d2i_X509: { return: address, arguments: [address, low, 'int64'] },
  d2i_AutoPrivateKey: { return: address, arguments: [address, low, 'int64'] },
  X509_free: { return: 'void', arguments: [address] },
  EVP_PKEY_free: { return: 'void', arguments: [address] },
  BIO_s_mem: { return: address, arguments: [] },
  BIO_new: { return: address, arguments: [address] },
  BIO_up_ref: { return: int, arguments: [address] },
  BIO_ctrl: { return: 'int64', arguments: [address, int, 'int64', address] },
  BIO_ctrl_pending: { return: low, arguments: [address] },
  BIO_read: { return: int, arguments: [address, low, int] },
  BIO_write: { return: int, arguments: [address, low, int] },
  SSL_new: { return: address, arguments: [address] },
  SSL_free: { return: 'void', arguments: [address] },
  SSL_set_bio: { return: 'void', arguments: [address, address, address] },
  SSL_set_accept_state: { return: 'void', arguments: [address] },
  SSL_do_handshake: { return: int, arguments: [address] },
  SSL_read: { return: int, arguments: [address, low, int] },
  SSL_write: { return: int, arguments: [address, low, int] },
  SSL_shutdown: { return: int, arguments: [address] },
  SSL_get_error: { return: int, arguments: [address, int] },
  SSL_get_version: { return: address, arguments: [address] },
  SSL_get_current_cipher: { return: address, arguments: [address] },
  SSL_CIPHER_get_name: { return: address, arguments: [address] },
  SSL_get_servername: { return: address, arguments: [address, int] },
  SSL_get0_alpn_selected: { return: 'void', arguments: [address, low, low] },
  SSL_session_reused: { return: int, arguments: [address] },
  /** The seventh lies on the stack, where a number would fill half of its place. */
  SSL_get_shared_sigalgs: {
    return: int,
    arguments: [address, int, low, low, low, low, address],
  },
  OBJ_nid2sn: { return: address, arguments: [int] },
  ERR_get_error: { return: address, arguments: [] },
  ERR_clear_error: { return: 'void', arguments: [] },
  ERR_reason_error_string: { return: address, arguments: [address] },
} as const

/** An address that may lie anywhere; 0: none. */
export type Address = bigint

/** Functions of the OpenSSL that is part of Node, by their C names. */
export interface SslCalls {
  TLS_server_method(): Address
  SSL_CTX_new(method: Address): Address
  SSL_CTX_free(context: Address): void
  SSL_CTX_ctrl(context: Address, what: number, number: bigint, at: Address): bigint
  SSL_CTX_set_options(context: Address, options: bigint): bigint
  SSL_CTX_set_cipher_list(context: Address, text: number): number
  SSL_CTX_set_ciphersuites(context: Address, text: number): number
  SSL_CTX_set_session_id_context(context: Address, id: number, bytes: number): number
  SSL_CTX_set_alpn_select_cb(context: Address, callback: Address, argument: Address): void
  SSL_CTX_use_certificate(context: Address, certificate: Address): number
  SSL_CTX_use_PrivateKey(context: Address, key: Address): number
  SSL_CTX_check_private_key(context: Address): number
  d2i_X509(into: Address, place: number, bytes: bigint): Address
  d2i_AutoPrivateKey(into: Address, place: number, bytes: bigint): Address
  X509_free(certificate: Address): void
  EVP_PKEY_free(key: Address): void
  BIO_s_mem(): Address
  BIO_new(kind: Address): Address
  BIO_up_ref(bio: Address): number
  BIO_ctrl(bio: Address, what: number, number: bigint, at: Address): bigint
  BIO_ctrl_pending(bio: Address): number
  BIO_read(bio: Address, to: number, bytes: number): number
  BIO_write(bio: Address, from: number, bytes: number): number
  SSL_new(context: Address): Address
  SSL_free(ssl: Address): void
  SSL_set_bio(ssl: Address, reads: Address, writes: Address): void
  SSL_set_accept_state(ssl: Address): void
  SSL_do_handshake(ssl: Address): number
  SSL_read(ssl: Address, to: number, bytes: number): number
  SSL_write(ssl: Address, from: number, bytes: number): number
  SSL_shutdown(ssl: Address): number
  SSL_get_error(ssl: Address, result: number): number
  SSL_get_version(ssl: Address): Address
  SSL_get_current_cipher(ssl: Address): Address
  SSL_CIPHER_get_name(cipher: Address): Address
  SSL_get_servername(ssl: Address, type: number): Address
  SSL_get0_alpn_selected(ssl: Address, text: number, bytes: number): void
  SSL_session_reused(ssl: Address): number
  SSL_get_shared_sigalgs(
    ssl: Address,
    index: number,
    signature: number,
    hash: number,
    both: number,
    rawSignature: number,
    rawHash: Address,
  ): number
  OBJ_nid2sn(nid: number): Address
  ERR_get_error(): Address
  ERR_clear_error(): void
  ERR_reason_error_string(error: Address): Address
}

/** What of `node:ffi` is used, and what it found of OpenSSL in the running process. */
export interface NativeSsl {
  readonly native: Native
  readonly ffi: typeof Ffi
  readonly library: Ffi.DynamicLibrary
  readonly calls: SslCalls
}

/** @returns `undefined` where it is not as it was tested, see `openNative`. */
export function openNativeSsl(): NativeSsl | undefined {
  const native = openNative()
  if (native === undefined) return undefined
  try {
    const { ffi } = native
    const { functions: calls, lib: library } = ffi.dlopen(null, CALLS)
    return { native, ffi, library, calls }
  } catch {
    // A symbol is not there: OpenSSL is another one.
    return undefined
  }
}
