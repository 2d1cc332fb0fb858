import { ConfigError } from '../../../base/config-error.ts'
import type { ConfigPath } from '../paths.ts'
import { parseAddressList } from '../values/address-list.ts'
import { parseFileReference } from '../values/text.ts'
import type { Resolver } from './resolver.ts'

/** The entries of a list in the configuration, those of its files put in their place. */
export function resolveAddresses(
  entries: readonly string[] | undefined,
  at: ConfigPath,
  resolver: Resolver,
): readonly string[] {
  return (entries ?? []).flatMap((entry, index) =>
    entry.startsWith('file:') ? fileAddresses(entry, [...at, index], resolver) : [entry],
  )
}

/** The entries of a file of addresses; what is wrong with it is noted with file and line. */
export function fileAddresses(
  reference: string,
  at: ConfigPath,
  resolver: Resolver,
): readonly string[] {
  const { path, text } = resolver.list(at, parseFileReference(reference, ''))
  try {
    return parseAddressList(text, path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { file, line, message, cure } of error.faults) {
      resolver.report.fault(at, `${file}:${line}: ${message}`, cure)
    }
    return []
  }
}
