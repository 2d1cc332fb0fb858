/** One mistake in what the operator wrote: where it stands, what is wrong, what would be right. */
export interface ConfigFault {
  /** Path inside the configuration, such as `limits.ip` or `listen.trustedProxies[2]`; empty for the whole. */
  readonly path: string
  /** What is wrong, in one sentence that names the value. */
  readonly message: string
  /** What would be right. */
  readonly cure?: string
  /** File as the operator named it, with one-based line and column where they are known. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** Stops the start: carries every fault found, never only the first. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[] | ConfigFault) {
    const list = Array.isArray(faults)
      ? (faults as readonly ConfigFault[])
      : [faults as ConfigFault]
    super(list.map(formatFault).join('\n'))
    this.name = 'ConfigError'
    this.faults = list
  }
}

/** `file:line:column path: message (cure)`, leaving out what is not known. */
export function formatFault(fault: ConfigFault): string {
  const place = [fault.file, fault.line, fault.column]
    .filter((part) => part !== undefined)
    .join(':')
  const head = [place, fault.path].filter((part) => part !== '').join(' ')
  const cure = fault.cure === undefined ? '' : ` (${fault.cure})`
  return `${head === '' ? '' : `${head}: `}${fault.message}${cure}`
}
