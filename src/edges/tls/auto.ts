import type { Clock } from '../../base/clock.ts'
import type { CertificateFiles } from './certificate-files.ts'
import { openCertificateFiles } from './certificate-files.ts'
import { ensureOwnCa } from './own-ca.ts'

/** `tls: auto` on loopback: where the own authority lives and whom it names. */
export interface AutoTlsOptions {
  readonly folder: string
  /** Names beyond the loopback ones. */
  readonly names: readonly string[]
  readonly min: '1.2' | '1.3'
  readonly clock: Clock
  /** The leaf could not be renewed; the one being served stays. */
  readonly onFault?: (fault: Error) => void
}

/** A certificate that renews itself. */
export interface AutoTls extends CertificateFiles {
  /** What a client must trust: `curl --cacert`. */
  readonly caFile: string
}

const RENEWAL_CHECK_MS = 6 * 3_600_000

/**
 * Makes or finds the own authority and a leaf, serves it, and renews it ten days before its end.
 * @throws the file system's error when the folder cannot be written.
 */
export function openAutoTls(options: AutoTlsOptions): AutoTls {
  const { folder, names, clock } = options
  const { caFile, certFile, keyFile } = ensureOwnCa({ folder, names, nowMs: clock.nowMs() })
  const files = openCertificateFiles({ ...options, certFile, keyFile })
  const timer = setInterval(() => {
    try {
      if (ensureOwnCa({ folder, names, nowMs: clock.nowMs() }).isRenewed) files.check()
    } catch (error) {
      options.onFault?.(error instanceof Error ? error : new Error(String(error)))
    }
  }, RENEWAL_CHECK_MS)
  timer.unref()
  return {
    caFile,
    get options() {
      return files.options
    },
    get facts() {
      return files.facts
    },
    subscribe: (listener) => files.subscribe(listener),
    expirySeconds: () => files.expirySeconds(),
    check: () => files.check(),
    close: () => {
      clearInterval(timer)
      files.close()
    },
  }
}
