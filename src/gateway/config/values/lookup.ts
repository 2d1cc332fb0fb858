import { ConfigError } from '../../../base/config-error.ts'
import { parsePostgresUrl } from '../../../store/sources/postgres-source.ts'
import { queryFault } from '../../../store/sources/source.ts'
import { parseReference } from './text.ts'
import type { Reference } from './text.ts'

/** Where the database of a look-up is. */
export type LookupTarget =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | Reference

/**
 * Reads `sqlite:PATH`, a `postgres://` address without a password, or a reference to an address. Throws `ConfigError`
 * that never repeats the text.
 */
export function parseLookupTarget(text: string, path: string): LookupTarget {
  const file = /^sqlite:([^\0\n]{1,1000})$/.exec(text)?.[1]
  if (file !== undefined) return { kind: 'sqlite', path: file }
  if (/^(?:env|file):/.test(text)) return parseReference(text, path)
  const cure = 'write sqlite:PATH, or env:NAME or file:PATH that holds postgres://…'
  if (!/^postgres(?:ql)?:/.test(text))
    throw new ConfigError({ path, message: 'is no database', cure })
  if (parsePostgresUrl(text, path).password !== '')
    throw new ConfigError({ path, message: 'holds a password', cure })
  return { kind: 'postgres', url: text }
}

/** Reads one SELECT with `$1` for the id. Throws `ConfigError`. */
export function parseLookupQuery(text: string, path: string): string {
  const message = queryFault(text)
  if (message === undefined) return text
  throw new ConfigError({ path, message, cure: 'write SELECT owner FROM orders WHERE id = $1' })
}

/** Reads the place of a value in an answer: names with dots. Throws `ConfigError`. */
export function parseMember(text: string, path: string): readonly string[] {
  const steps = text.split('.')
  if (steps.length <= 8 && steps.every((step) => step !== '')) return steps
  throw new ConfigError({ path, message: 'is no place in an answer', cure: 'write customer.id' })
}
