import type { Address } from './calls.ts'
import type { ServerContext } from './server-context.ts'
import { PLAIN_BYTES, TEXT_BYTES } from './thread-ssl.ts'
import type { ThreadSsl } from './thread-ssl.ts'

/**
 * What `SSL_get_error` says. It looks at the errors of the thread, too: nobody may leave some behind, as Node does not.
 */
const WANT_READ = 2
const ZERO_RETURN = 6
/** What a record of TLS 1.3 has besides its text: five bytes before it, its kind, and the tag (RFC 8446 section 5.2). */
const ADDED_BYTES = 22

/** What decides whether more can follow. `closed`: the peer said that it sends no more; `failed`: what came is no TLS. */
export type ReadState = 'open' | 'closed' | 'failed'

/**
 * The TLS of one connection, in OpenSSL. Ciphertext passes through the queues of the thread, which are empty again when a
 * method returns: `output` must be called until nothing is left.
 */
export class TlsSession {
  readonly #ssl: ThreadSsl
  #session: Address
  #isOpen = false
  #readState: ReadState = 'open'
  #fault = 'ERR_SSL'
  /** Of a record that came in part OpenSSL has the beginning; or it may have. */
  #hasPart = true
  #mayAnswer = true
  /** So much longer is what came than a text that was all of it; before TLS 1.3, none is. */
  #addedBytes = -1

  /** @throws where there is no memory for it. */
  constructor(ssl: ThreadSsl, context: ServerContext) {
    const { calls, incoming, outgoing } = ssl
    this.#ssl = ssl
    this.#session = calls.SSL_new(context.address)
    if (this.#session === 0n) throw new Error('SSL_new failed')
    // The session lets go of both when it is freed.
    calls.BIO_up_ref(incoming)
    calls.BIO_up_ref(outgoing)
    calls.SSL_set_bio(this.#session, incoming, outgoing)
    calls.SSL_set_accept_state(this.#session)
  }

  /** The handshake is over. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get readState(): ReadState {
    return this.#readState
  }

  /** Whether `take` may have left something to say, besides what was written. */
  get mayAnswer(): boolean {
    return this.#mayAnswer
  }

  /**
   * Takes ciphertext.
   * @returns bytes of plaintext, which lie in `plain` of the thread, behind what waits there; see `readState`.
   */
  take(at: number, bytes: number): number {
    if (this.#session === 0n || this.#readState !== 'open') return 0
    const { calls, incoming } = this.#ssl
    if (calls.BIO_write(incoming, at, bytes) !== bytes) return this.#fail()
    this.#mayAnswer = true
    if (!this.#isOpen && !this.#shakeHands()) return 0
    return this.#decrypt(bytes)
  }

  #shakeHands(): boolean {
    const { calls } = this.#ssl
    const result = calls.SSL_do_handshake(this.#session)
    this.#isOpen = result === 1
    if (this.#isOpen && this.protocol === 'TLSv1.3') this.#addedBytes = ADDED_BYTES
    if (!this.#isOpen && !this.#waits(result)) this.#fail()
    return this.#isOpen
  }

  #decrypt(cipherBytes: number): number {
    const { calls, incoming, plainPieces } = this.#ssl
    const session = this.#session
    const at = this.#ssl.plainAt + plainPieces.end
    let filled = calls.SSL_read(session, at, PLAIN_BYTES)
    // Nearly always: one whole record, without padding. Nothing is left of what came, and nothing else was in it.
    if (filled === cipherBytes - this.#addedBytes && !this.#hasPart) {
      this.#mayAnswer = false
      return filled
    }
    this.#hasPart = false
    let bytes = filled
    while (bytes > 0 && calls.BIO_ctrl_pending(incoming) > 0) {
      bytes = calls.SSL_read(session, at + filled, PLAIN_BYTES - filled)
      if (bytes > 0) filled += bytes
    }
    if (bytes <= 0) this.#stop(bytes)
    return Math.max(0, filled)
  }

  /** It gives no more: it waits for the rest of a record, and has the beginning, or nothing follows. */
  #stop(result: number): void {
    const { calls, incoming } = this.#ssl
    this.#hasPart = true
    if (this.#waits(result)) return
    if (calls.SSL_get_error(this.#session, result) !== ZERO_RETURN) return void this.#fail()
    this.#readState = 'closed'
    this.#ssl.empty(incoming)
  }

  /** Whether more has to come, and OpenSSL has taken all that came. */
  #waits(result: number): boolean {
    const { calls, incoming } = this.#ssl
    return (
      calls.SSL_get_error(this.#session, result) === WANT_READ &&
      calls.BIO_ctrl_pending(incoming) === 0
    )
  }

  #fail(): 0 {
    const { calls, incoming } = this.#ssl
    this.#readState = 'failed'
    const reason = this.#ssl.textOf(calls.ERR_reason_error_string(calls.ERR_get_error()))
    if (reason !== '') this.#fault = `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`
    calls.ERR_clear_error()
    this.#ssl.empty(incoming)
    return 0
  }

  /** Encrypts bytes of `text` of the thread, at most `TEXT_BYTES`. @returns whether it was done. */
  encrypt(from: number, bytes: number): boolean {
    if (this.#session === 0n || !this.#isOpen || bytes > TEXT_BYTES) return false
    const { calls, textAt } = this.#ssl
    if (calls.SSL_write(this.#session, textAt + from, bytes) === bytes) return true
    calls.ERR_clear_error()
    return false
  }

  /** Moves ciphertext to an address. @returns how much; 0: nothing is left. */
  output(at: number, room: number): number {
    const { calls, outgoing } = this.#ssl
    return Math.max(0, calls.BIO_read(outgoing, at, room))
  }

  /** Says that nothing follows (RFC 8446 section 6.1). */
  close(): void {
    if (this.#session === 0n || !this.#isOpen || this.#readState === 'failed') return
    this.#ssl.calls.SSL_shutdown(this.#session)
    this.#ssl.calls.ERR_clear_error()
  }

  free(): void {
    if (this.#session === 0n) return
    this.#ssl.calls.SSL_free(this.#session)
    this.#session = 0n
  }

  /** Why it failed, as Node names it. */
  get fault(): string {
    return this.#fault
  }

  // ---- what is known of it ----

  /** Such as `TLSv1.3`. */
  get protocol(): string {
    return this.#said((session) => this.#ssl.calls.SSL_get_version(session))
  }

  /** Such as `TLS_AES_128_GCM_SHA256`. */
  get cipher(): string {
    const { calls } = this.#ssl
    return this.#said((session) => calls.SSL_CIPHER_get_name(calls.SSL_get_current_cipher(session)))
  }

  /** The name that the client asked for; '' where it asked for none. */
  get servername(): string {
    return this.#said((session) => this.#ssl.calls.SSL_get_servername(session, 0))
  }

  /** What ALPN chose; '' where the client offered nothing. */
  get alpnProtocol(): string {
    const { calls, scratch, scratchAt } = this.#ssl
    if (this.#session === 0n) return ''
    calls.SSL_get0_alpn_selected(this.#session, scratchAt, scratchAt + 8)
    const bytes = scratch.readUInt32LE(8)
    // The text has no NUL behind it.
    return bytes === 0 ? '' : this.#ssl.copyOf(scratch.readBigUInt64LE(0), bytes).toString('latin1')
  }

  get isReused(): boolean {
    return this.#session !== 0n && this.#ssl.calls.SSL_session_reused(this.#session) === 1
  }

  /** The signature algorithms that both sides know, such as `ECDSA+SHA256`, as Node writes them. */
  get sharedAlgorithms(): readonly string[] {
    const session = this.#session
    if (session === 0n) return []
    const count = this.#algorithm(session, 0)
    return Array.from({ length: Math.max(0, count) }, (_, index) => {
      this.#algorithm(session, index)
      const [signature, hash] = [0, 4].map((at) => this.#ssl.scratch.readInt32LE(at))
      return `${SIGNATURES.get(signature ?? 0) ?? this.#nameOf(signature)}+${this.#nameOf(hash)}`
    })
  }

  #algorithm(session: Address, index: number): number {
    const { calls, scratchAt: at } = this.#ssl
    return calls.SSL_get_shared_sigalgs(
      session,
      index,
      at,
      at + 4,
      at + 8,
      at + 12,
      BigInt(at + 16),
    )
  }

  #nameOf(nid = 0): string {
    return this.#ssl.textOf(this.#ssl.calls.OBJ_nid2sn(nid)) || 'UNDEF'
  }

  #said(ask: (session: Address) => Address): string {
    return this.#session === 0n ? '' : this.#ssl.textOf(ask(this.#session))
  }
}

/** By number in OpenSSL; the others have names there. */
const SIGNATURES: ReadonlyMap<number, string> = new Map([
  [6, 'RSA'],
  [912, 'RSA-PSS'],
  [116, 'DSA'],
  [408, 'ECDSA'],
  [1087, 'Ed25519'],
  [1088, 'Ed448'],
])
