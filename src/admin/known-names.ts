import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import { didYouMean } from '../base/suggest.ts'
import type { GrantNames } from '../gateway/grant-names.ts'
import type { FieldValues } from './request-fields.ts'

/** Field of a grant -> what one of its names is called. */
const KINDS = {
  operations: 'operation of the documents',
  scopes: 'scope that an operation asks for',
  roles: 'role of authorize',
  groups: 'group of authorize.acl',
} as const

/** Names that a refusal lists. */
const MAX_LISTED = 6

/**
 * Refuses names that neither documents nor configuration know: such a grant is good for nothing, and nobody meant
 * that. @throws ConfigError with every such name, by its place.
 */
export function checkKnownNames(fields: FieldValues, names: GrantNames): void {
  const faults = (Object.keys(KINDS) as (keyof typeof KINDS)[]).flatMap((field) => {
    const given = (fields.get(field) ?? []) as readonly string[]
    return given.flatMap((name, index) => fault(`${field}[${index}]`, name, names[field]) ?? [])
  })
  if (faults.length > 0) throw new ConfigError(faults)
}

function fault(path: string, name: string, known: ReadonlySet<string>): ConfigFault | undefined {
  if (known.has(name)) return undefined
  const kind = KINDS[path.slice(0, path.indexOf('[')) as keyof typeof KINDS]
  const message = `${JSON.stringify(name.slice(0, 60))} is no ${kind}`
  return { path, message, cure: cureFor(name, known) }
}

function cureFor(name: string, known: ReadonlySet<string>): string {
  const listed = [...known].slice(0, MAX_LISTED).join(', ')
  const rest = known.size > MAX_LISTED ? `, … (${known.size})` : ''
  const choice = known.size === 0 ? 'there is none' : `known: ${listed}${rest}`
  return `${didYouMean(name, known) ?? choice}; --allow-unknown takes it all the same`
}
