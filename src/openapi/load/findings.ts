import type { Finding, SourceRef } from '../model.ts'

/** Findings kept per document; more of them help nobody and cost memory. */
const MAX_FINDINGS = 1000

/** Takes what there is to say about a document while it loads; bounded, errors are never lost. */
export class Findings {
  readonly #list: Finding[] = []
  #errors = 0
  #left = 0

  /** Adds one finding; beyond 1,000 only errors are kept, and of these the first 1,000 more. */
  add(finding: Finding): void {
    if (finding.severity === 'error') this.#errors++
    const bound = finding.severity === 'error' ? 2 * MAX_FINDINGS : MAX_FINDINGS
    if (this.#list.length >= bound) this.#left++
    else this.#list.push(finding)
  }

  error(code: string, message: string, source: SourceRef): void {
    this.add({ severity: 'error', code, message, source })
  }

  warning(code: string, message: string, source: SourceRef): void {
    this.add({ severity: 'warning', code, message, source })
  }

  note(code: string, message: string, source: SourceRef): void {
    this.add({ severity: 'note', code, message, source })
  }

  get hasErrors(): boolean {
    return this.#errors > 0
  }

  /** Everything found, in the order found; ends with a note when some were left off. */
  all(): readonly Finding[] {
    if (this.#left === 0) return [...this.#list]
    const message = `${this.#left} more findings are not listed`
    const source = { file: '', pointer: '' }
    return [...this.#list, { severity: 'note', code: 'more-findings', message, source }]
  }
}
