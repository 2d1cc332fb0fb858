import type { Findings } from './findings.ts'
import type { Scan } from './scan.ts'

/** The members that a document may carry for this gateway. */
const SALLYPORT_NAMES: readonly string[] =
  'owner class cost audience deprecated object read write immutable id flow flow-limit sanitize csv-safe fields list honeypot sensitivity'
    .split(' ')
    .map((name) => `x-sallyport-${name}`)

/** Warns about `x-sallyport-` names that nothing reads: a misspelled one would protect nothing. */
export function warnUnknownNames(file: string, scan: Scan, findings: Findings): void {
  for (const { name, pointer } of scan.sallyportNames) {
    if (SALLYPORT_NAMES.includes(name)) continue
    const message = `${name.slice(0, 100)} is not known; known are ${SALLYPORT_NAMES.join(', ')}`
    findings.warning('unknown-sallyport-name', message, { file, pointer })
  }
}
