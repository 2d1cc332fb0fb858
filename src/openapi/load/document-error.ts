import { ConfigError } from '../../base/config-error.ts'
import type { ConfigFault } from '../../base/config-error.ts'
import type { Finding } from '../model.ts'

/** A document that does not load: every finding about it, errors first among the faults. */
export class DocumentError extends ConfigError {
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[], faults: readonly ConfigFault[]) {
    super(faults)
    this.name = 'DocumentError'
    this.findings = findings
  }
}
