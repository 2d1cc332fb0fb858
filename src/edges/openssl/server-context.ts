import { createPrivateKey, hkdfSync, X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import type { Address } from './calls.ts'
import type { ThreadSsl } from './thread-ssl.ts'

/** Controls of a context, by their names in OpenSSL's `ssl.h`. */
const CONTROL = {
  mode: 33,
  sessionCache: 44,
  ticketKeys: 59,
  addChainCertificate: 89,
  groups: 92,
  minVersion: 123,
  maxVersion: 124,
} as const
/** Memory for records is there only while there are some. */
const MODE_RELEASE_BUFFERS = 0x10n
/** Sessions are the clients' own, in tickets. */
const SESSION_CACHE_OFF = 0n
const OP_CIPHER_SERVER_PREFERENCE = 0x40_0000n
const VERSIONS: Readonly<Record<string, bigint>> = { 'TLSv1.2': 0x303n, 'TLSv1.3': 0x304n }
/** Name, HMAC key and cipher key of a ticket. */
const TICKET_KEY_BYTES = 80

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The options that are understood; with another one Node does the work. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  'cert',
  'key',
  'minVersion',
  'maxVersion',
  'ciphers',
  'ecdhCurve',
  'honorCipherOrder',
  'secureOptions',
])

/** Options of which a context can be made. */
export interface UnderstoodOptions extends SecureContextOptions {
  readonly cert: string
  readonly key: string
}

/** Whether a context can be made of them. */
export function isUnderstood(options: SecureContextOptions): options is UnderstoodOptions {
  const { cert, key } = options
  return (
    Object.keys(options).every((name) => UNDERSTOOD.has(name)) &&
    typeof cert === 'string' &&
    typeof key === 'string'
  )
}

/** How connections of one listener are secured: certificate, key, versions, suites. Made anew when one of them changes. */
export class ServerContext {
  readonly address: Address
  readonly #ssl: ThreadSsl

  /**
   * `protocols`: what ALPN may choose, the best first.
   * @throws where OpenSSL refuses one of the options; nothing is kept of it then.
   */
  constructor(ssl: ThreadSsl, options: UnderstoodOptions, protocols: readonly string[]) {
    const { calls } = ssl
    this.#ssl = ssl
    this.address = calls.SSL_CTX_new(calls.TLS_server_method())
    if (this.address === 0n) throw refusal('SSL_CTX_new')
    try {
      this.#setRules(options)
      this.#setCertificates(options.cert)
      this.#setKey(options.key)
      calls.SSL_CTX_set_alpn_select_cb(this.address, ssl.chooserOf(protocols), 0n)
    } catch (error) {
      this.free()
      throw error
    } finally {
      ssl.scratch.fill(0)
      calls.ERR_clear_error()
    }
  }

  /** Tickets of other keys are not taken from here on, and their clients shake hands in full. `keys`: 48 bytes. */
  setTicketKeys(keys: Buffer): void {
    const derived = hkdfSync('sha256', keys, '', 'sallyport session tickets', TICKET_KEY_BYTES)
    const at = BigInt(this.#ssl.put(Buffer.from(derived)))
    const isSet = this.#control(CONTROL.ticketKeys, BigInt(TICKET_KEY_BYTES), at)
    this.#ssl.scratch.fill(0, 0, TICKET_KEY_BYTES)
    if (!isSet) throw refusal('ticket keys')
  }

  /** Connections that use it go on; it is gone with the last of them. */
  free(): void {
    this.#ssl.calls.SSL_CTX_free(this.address)
  }

  #setRules(options: SecureContextOptions): void {
    const { calls } = this.#ssl
    const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', ciphers = '' } = options
    const preference = options.honorCipherOrder === true ? OP_CIPHER_SERVER_PREFERENCE : 0n
    calls.SSL_CTX_set_options(this.address, BigInt(options.secureOptions ?? 0) | preference)
    this.#control(CONTROL.mode, MODE_RELEASE_BUFFERS, 0n)
    this.#control(CONTROL.sessionCache, SESSION_CACHE_OFF, 0n)
    const names = ciphers.split(':')
    const named = (isTls13: boolean): number =>
      this.#ssl.put(names.filter((name) => name.startsWith('TLS_') === isTls13).join(':'))
    const groups = options.ecdhCurve ?? ''
    this.#expect('versions', [
      () => this.#control(CONTROL.minVersion, VERSIONS[minVersion] ?? 0n, 0n),
      () => this.#control(CONTROL.maxVersion, VERSIONS[maxVersion] ?? 0n, 0n),
    ])
    this.#expect('suites', [
      () => calls.SSL_CTX_set_ciphersuites(this.address, named(true)) === 1,
      () => calls.SSL_CTX_set_cipher_list(this.address, named(false)) === 1,
    ])
    this.#expect('groups', [() => this.#control(CONTROL.groups, 0n, BigInt(this.#ssl.put(groups)))])
    const id = 'sallyport'
    this.#expect('session id', [
      () => calls.SSL_CTX_set_session_id_context(this.address, this.#ssl.put(id), id.length) === 1,
    ])
  }

  /** The first is the server's own, the others lead from it to its authority. */
  #setCertificates(pem: string): void {
    const { calls } = this.#ssl
    const blocks = pem.match(PEM_CERTIFICATE) ?? []
    for (const [index, block] of blocks.entries()) {
      const certificate = this.#parsed('d2i_X509', new X509Certificate(block).raw)
      const isTaken =
        index === 0
          ? calls.SSL_CTX_use_certificate(this.address, certificate) === 1
          : this.#control(CONTROL.addChainCertificate, 1n, certificate)
      calls.X509_free(certificate)
      if (!isTaken) throw refusal('certificate')
    }
    if (blocks.length === 0) throw refusal('certificate')
  }

  #setKey(pem: string): void {
    const { calls } = this.#ssl
    const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
    const key = this.#parsed('d2i_AutoPrivateKey', der)
    der.fill(0)
    const isTaken =
      calls.SSL_CTX_use_PrivateKey(this.address, key) === 1 &&
      calls.SSL_CTX_check_private_key(this.address) === 1
    calls.EVP_PKEY_free(key)
    if (!isTaken) throw refusal('key')
  }

  #parsed(how: 'd2i_X509' | 'd2i_AutoPrivateKey', der: Buffer): Address {
    const { calls, scratch, scratchAt } = this.#ssl
    // The parser moves a pointer of ours behind what it read.
    scratch.writeBigUInt64LE(BigInt(this.#ssl.put(der, POINTER_BYTES)), 0)
    const parsed = calls[how](0n, scratchAt, BigInt(der.length))
    if (parsed === 0n) throw refusal(how)
    return parsed
  }

  #control(what: number, value: bigint, at: Address): boolean {
    return this.#ssl.calls.SSL_CTX_ctrl(this.address, what, value, at) !== 0n
  }

  #expect(what: string, steps: readonly (() => boolean)[]): void {
    for (const step of steps) if (!step()) throw refusal(what)
  }
}

const POINTER_BYTES = 8

function refusal(what: string): Error {
  return new Error(`OpenSSL refuses the listener's ${what}`)
}
