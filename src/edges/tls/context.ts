import { constants } from 'node:crypto'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { TlsPlan } from '../exchange/transport.ts'
import type { CertificatePair } from './certificate.ts'

/** What a TLS listener presents; the options change when its certificate does. */
export interface TlsContextSource {
  readonly options: SecureContextOptions
  /** Calls back with new options. @returns how to stop that. */
  subscribe(listener: (options: SecureContextOptions) => void): () => void
}

/** TLS 1.3 first, then the 1.2 suites with forward secrecy and authenticated encryption (RFC 9325 section 4.2). */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** The first is hybrid post-quantum; OpenSSL 3.5, in every Node this runs on, has it. */
const GROUPS = 'X25519MLKEM768:X25519:P-256:P-384'

/** Since OpenSSL 1.1.0h; Node has no name for it. */
const NO_RENEGOTIATION = 0x4000_0000

/**
 * How TLS is spoken [TRN-01]: 1.2 and 1.3, no renegotiation, no compression, the server's order of suites.
 * Early data (0-RTT) does not exist in Node.
 */
export function secureContextOptions(
  pair: CertificatePair,
  min: '1.2' | '1.3',
): SecureContextOptions {
  return {
    cert: pair.cert,
    key: pair.key,
    minVersion: min === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    ecdhCurve: GROUPS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_COMPRESSION | NO_RENEGOTIATION,
  }
}

/** The same for a server of Node. */
export function tlsOptionsOf({ secure, protocols, handshakeMs, ticketKeys }: TlsPlan): TlsOptions {
  return {
    ...secure,
    ALPNProtocols: [...protocols],
    handshakeTimeout: handshakeMs,
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  }
}
