import type { Finding } from '../model.ts'
import type { Pattern } from './pattern.ts'
import { compilePattern } from './pattern.ts'
import type { Site } from './resources.ts'

const NEVER: Pattern = {
  engine: 'capped',
  maxLength: 0,
  isForeign: false,
  regex: undefined,
  test: () => false,
}

/** A cap above this is no news: no honest value of a pattern is that long. UTF-16 units. */
const WORTH_TELLING = 65_536

type Report = (site: Site, finding: Pick<Finding, 'severity' | 'code' | 'message'>) => void

/** Compiles each pattern of a document once and reports those that cannot be used as they stand. */
export class PatternCache {
  readonly #patterns = new Map<string, ReturnType<typeof compilePattern>>()
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  /** The compiled pattern; one that matches nothing when it had to be refused. */
  get(source: string, site: Site): Pattern {
    const pattern = this.#patterns.get(source) ?? compilePattern(source)
    this.#patterns.set(source, pattern)
    if ('fault' in pattern) {
      const message = `pattern ${JSON.stringify(source)} ${pattern.fault}`
      this.#report(site, { severity: 'error', code: 'unsafe-pattern', message })
      return NEVER
    }
    if (pattern.isForeign) {
      const message = `pattern ${JSON.stringify(source)} is not ECMA-262; it is read as RE2 reads it`
      this.#report(site, { severity: 'warning', code: 'foreign-pattern', message })
    }
    if (pattern.maxLength < WORTH_TELLING) {
      const message = `pattern ${JSON.stringify(source)} is dear: longer texts than ${pattern.maxLength} are refused`
      this.#report(site, { severity: 'warning', code: 'capped-pattern', message })
    }
    return pattern
  }
}
