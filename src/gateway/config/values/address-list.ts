import { parseCidr } from '../../../base/cidr.ts'
import { ConfigError } from '../../../base/config-error.ts'
import type { ConfigFault } from '../../../base/config-error.ts'

/** Faults of one file that are told; a file of another format would give one for each line. */
const MAX_FAULTS = 10

/**
 * Reads a list of addresses: one address or block a line, blank lines and what follows `#` or `;` left out, as public
 * lists are written. Throws `ConfigError` with file and line.
 */
export function parseAddressList(text: string, file: string): readonly string[] {
  const entries: string[] = []
  const faults: ConfigFault[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.replace(/[#;].*/, '').trim()
    if (entry === '') continue
    try {
      parseCidr(entry, '')
      entries.push(entry)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults.map((fault) => ({ ...fault, file, line: index + 1 })))
      if (faults.length >= MAX_FAULTS) break
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return entries
}

/** Checks an entry of a list in the configuration: an address, a block, or `file:PATH` of a list. Throws `ConfigError`. */
export function parseAddressEntry(text: string, path: string): string {
  if (!text.startsWith('file:')) parseCidr(text, path)
  return text
}

/** Reads a country: ISO 3166-1 alpha-2, upper case. Throws `ConfigError`. */
export function parseCountry(text: string, path: string): string {
  if (/^[A-Z]{2}$/.test(text)) return text
  throw new ConfigError({
    path,
    message: `${JSON.stringify(text)} is not a country`,
    cure: 'write two capital letters by ISO 3166-1, such as DE',
  })
}
