import type { SecureContextOptions } from 'node:tls'
import { checkCertificate } from './certificate.ts'
import type { CertificateFacts, CertificatePair, PairNames } from './certificate.ts'
import { secureContextOptions } from './context.ts'
import type { TlsContextSource } from './context.ts'

/** A pair that was found good; `serve` puts it in place from the next handshake on. */
export interface PreparedPair {
  readonly facts: CertificateFacts
  serve(): void
}

/** A certificate that somebody else reads; `prepare` leads to another one on a live port. */
export class GivenTls implements TlsContextSource {
  readonly #listeners = new Set<(options: SecureContextOptions) => void>()
  #facts: CertificateFacts
  #options: SecureContextOptions

  /** Throws `ConfigError` when certificate and key do not fit or are too weak [TRN-04]. */
  constructor(pair: CertificatePair, min: '1.2' | '1.3', nowMs: number) {
    this.#facts = checkCertificate(pair, NAMES, nowMs)
    this.#options = secureContextOptions(pair, min)
  }

  get facts(): CertificateFacts {
    return this.#facts
  }

  get options(): SecureContextOptions {
    return this.#options
  }

  subscribe(listener: (options: SecureContextOptions) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Checks another pair and changes nothing yet. Throws like the constructor. */
  prepare(pair: CertificatePair, min: '1.2' | '1.3', nowMs: number): PreparedPair {
    const facts = checkCertificate(pair, NAMES, nowMs)
    const options = secureContextOptions(pair, min)
    return {
      facts,
      serve: () => {
        this.#facts = facts
        this.#options = options
        for (const listener of this.#listeners) listener(options)
      },
    }
  }
}

const NAMES: PairNames = { certFile: 'listen.tls.cert', keyFile: 'listen.tls.key' }
