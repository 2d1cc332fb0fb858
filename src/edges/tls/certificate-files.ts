import { readFileSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { CertificateFacts, CertificatePair, PairNames } from './certificate.ts'
import { checkCertificate } from './certificate.ts'
import type { TlsContextSource } from './context.ts'
import { secureContextOptions } from './context.ts'

/** How a certificate is kept up to date. */
export interface CertificateFilesOptions extends PairNames {
  readonly min: '1.2' | '1.3'
  readonly clock: Clock
  /** How often the files are looked at; a new serial is served within this time. */
  readonly everyMs?: number
  /** A changed pair was refused; the old one stays. Called once for each change. */
  readonly onFault?: (fault: Error) => void
  readonly onChange?: (facts: CertificateFacts) => void
}

/** A certificate from files, followed while it is renewed [TRN-04]. */
export interface CertificateFiles extends TlsContextSource {
  readonly facts: CertificateFacts
  /** Whole seconds until the certificate expires, negative afterwards; `sallyport_cert_expiry_seconds`. */
  expirySeconds(): number
  /** Looks at the files now. */
  check(): void
  close(): void
}

const EVERY_MS = 2_000

/**
 * Loads a certificate and its key and follows both files.
 * @throws ConfigError when the first pair cannot be served.
 */
export function openCertificateFiles(options: CertificateFilesOptions): CertificateFiles {
  const { clock, min } = options
  const listeners = new Set<(context: SecureContextOptions) => void>()
  let pair = readPair(options)
  let facts = checkCertificate(pair, options, clock.nowMs())
  let context = secureContextOptions(pair, min)
  let refused: string | undefined

  const check = (): void => {
    try {
      const next = readPair(options)
      // Contents, not times: secrets mounted by links are swapped in ways that times do not show.
      if (next.cert === pair.cert && next.key === pair.key) return
      const nextFacts = checkCertificate(next, options, clock.nowMs())
      pair = next
      facts = nextFacts
      context = secureContextOptions(next, min)
      refused = undefined
      for (const listener of listeners) listener(context)
      options.onChange?.(facts)
    } catch (error) {
      // Between the two writes of a renewal the pair does not match; said once, tried again.
      const fault = error instanceof Error ? error : new Error(String(error))
      if (refused === fault.message) return
      refused = fault.message
      options.onFault?.(fault)
    }
  }
  const timer = setInterval(check, options.everyMs ?? EVERY_MS)
  timer.unref()
  return {
    get options() {
      return context
    },
    get facts() {
      return facts
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    expirySeconds: () => Math.floor((facts.expiresMs - clock.nowMs()) / 1000),
    check,
    close: () => clearInterval(timer),
  }
}

function readPair({ certFile, keyFile }: PairNames): CertificatePair {
  return { cert: readPem(certFile), key: readPem(keyFile) }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ConfigError({
      path: 'listen.tls',
      file,
      message: `${file} cannot be read (${code})`,
      cure: 'a PEM file this process may read',
    })
  }
}
