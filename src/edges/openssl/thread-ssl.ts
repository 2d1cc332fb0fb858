import { lowMemory } from '../kernel/low-memory.ts'
import { openNativeSsl } from './calls.ts'
import type { Address, NativeSsl, SslCalls } from './calls.ts'
import { Pieces } from './pieces.ts'

/**
 * What is read at once: a record of 16,384 bytes with what TLS 1.3 adds (RFC 8446 section 5.2). Hostile clients send
 * records of one byte: for more than these hundreds others shall not wait.
 */
export const CIPHER_BYTES = 16_406

/** More than what is read at once and a record that came in part before: what is decrypted of them is no longer. */
export const PLAIN_BYTES = 98_304
/** What is encrypted at once: whole records, with what they add less than the kernel takes at once. */
export const TEXT_BYTES = 49_152
const SCRATCH_BYTES = 65_536
/** What waits in a round, of all connections together, before each of the two. */
const WAITING_BYTES = 131_072

const BIO_RESET = 1
/** What an answer of a callback means to OpenSSL. */
const ALPN_OK = 0
const ALPN_FATAL = 2

/** OpenSSL for one thread: its memory, and the two queues through which the ciphertext of all connections passes. */
export class ThreadSsl {
  readonly calls: SslCalls
  /** What was decrypted, and waits; what is decrypted next is put behind it. */
  readonly plain: Buffer
  readonly plainAt: number
  readonly plainPieces: Pieces = new Pieces(WAITING_BYTES)
  /** What is to be encrypted, and waits; what does not wait is put behind it. */
  readonly text: Buffer
  readonly textAt: number
  readonly textPieces: Pieces = new Pieces(WAITING_BYTES)
  /** For what is short. */
  readonly scratch: Buffer
  readonly scratchAt: number
  /** Empty between two calls of a session: what came for one connection never reaches another. */
  readonly incoming: Address
  readonly outgoing: Address
  readonly #ssl: NativeSsl
  readonly #offers = new Map<string, Address>()

  /** @throws where the memory cannot be had. */
  constructor(ssl: NativeSsl) {
    const { calls, native } = ssl
    this.#ssl = ssl
    this.calls = calls
    const plainBytes = WAITING_BYTES + PLAIN_BYTES
    const textBytes = WAITING_BYTES + TEXT_BYTES
    const { base, bytes } = lowMemory(native, plainBytes + textBytes + SCRATCH_BYTES)
    this.plain = bytes.subarray(0, plainBytes)
    this.plainAt = base
    this.text = bytes.subarray(plainBytes, plainBytes + textBytes)
    this.textAt = base + plainBytes
    this.scratch = bytes.subarray(plainBytes + textBytes)
    this.scratchAt = base + plainBytes + textBytes
    this.incoming = calls.BIO_new(calls.BIO_s_mem())
    this.outgoing = calls.BIO_new(calls.BIO_s_mem())
    if (this.incoming === 0n || this.outgoing === 0n) throw new Error('BIO_new failed')
  }

  /** The text at an address; '' at none. */
  textOf(address: Address): string {
    return address === 0n ? '' : (this.#ssl.ffi.toString(address) ?? '')
  }

  /** The bytes at an address, copied. */
  copyOf(address: Address, bytes: number): Buffer {
    return this.#ssl.ffi.toBuffer(address, bytes, true)
  }

  /** Puts bytes, and a NUL behind them, into the scratch memory from `from` on. @returns their address. */
  put(bytes: string | Buffer, from = 0): number {
    const source = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    if (from + source.length >= SCRATCH_BYTES) throw new RangeError('too long for OpenSSL')
    source.copy(this.scratch, from)
    this.scratch[from + source.length] = 0
    return this.scratchAt + from
  }

  /** Forgets what was not read. */
  empty(bio: Address): void {
    this.calls.BIO_ctrl(bio, BIO_RESET, 0n, 0n)
  }

  /**
   * A callback for OpenSSL that chooses the first of `protocols` that the client offers, and ends the handshake where
   * there is none (RFC 7301 section 3.2).
   */
  chooserOf(protocols: readonly string[]): Address {
    const key = protocols.join()
    const known = this.#offers.get(key)
    if (known !== undefined) return known
    const { ffi, library, native } = this.#ssl
    const names = protocols.map((name) => Buffer.from(name, 'latin1'))
    const { base, bytes } = lowMemory(native, 4096)
    const places: { readonly name: Buffer; readonly at: number }[] = []
    let at = 0
    for (const name of names) {
      places.push({ name, at: base + at })
      at += name.copy(bytes, at)
    }
    const choose = (_ssl: bigint, out: bigint, outBytes: bigint, offer: bigint, size: number) => {
      const offered = offeredNames(Buffer.from(ffi.toBuffer(offer, size, true)))
      const chosen = places.find(({ name }) => offered.some((other) => other.equals(name)))
      if (chosen === undefined) return ALPN_FATAL
      ffi.setUint64(out, 0, BigInt(chosen.at))
      ffi.setUint8(outBytes, 0, chosen.name.length)
      return ALPN_OK
    }
    const callback = library.registerCallback(CHOOSER, choose)
    this.#offers.set(key, callback)
    return callback
  }
}

const CHOOSER = {
  return: 'int32',
  arguments: ['uint64', 'uint64', 'uint64', 'uint64', 'uint32', 'uint64'],
} as const

/** Names, each behind its length. What is not well-formed OpenSSL has refused before. */
function offeredNames(list: Buffer): readonly Buffer[] {
  const names: Buffer[] = []
  for (let at = 0; at < list.length;) {
    const end = at + 1 + (list[at] ?? 0)
    names.push(list.subarray(at + 1, end))
    at = end
  }
  return names
}

let opened: ThreadSsl | null | undefined

/** OpenSSL for this thread; `undefined` where it cannot be called (docs/decisions/0024). */
export function threadSsl(): ThreadSsl | undefined {
  if (opened === undefined) {
    const ssl = openNativeSsl()
    try {
      opened = ssl === undefined ? null : new ThreadSsl(ssl)
    } catch {
      opened = null
    }
  }
  return opened ?? undefined
}
