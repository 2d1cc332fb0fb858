import { ConfigError } from '../base/config-error.ts'

/** Which fields a parameter sorts, filters or searches by. */
export type NamedFields =
  /** Whatever they are: everybody may know. */
  | 'public'
  /** Always these. */
  | { readonly kind: 'fields'; readonly fields: readonly string[] }
  /** Each value stands for its own; any other value is refused. */
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, readonly string[]> }

/** What is written about the query of one operation. */
export interface QueryRule {
  /** The API itself lists only what its caller may see, so that nothing is learned by sorting it. */
  readonly isOwn: boolean
  /** Name of a parameter -> what it names. */
  readonly parameters: ReadonlyMap<string, NamedFields>
}

/** What says that an API lists only what its caller may see. */
export const OWN = 'own'
const PUBLIC = 'public'

/** Reads `own`, or a map of parameters to what they name. Throws `ConfigError` at `path`. */
export function parseQueryRule(input: unknown, path: string): QueryRule {
  if (input === OWN) return { isOwn: true, parameters: new Map() }
  if (!isRecord(input)) {
    const cure = 'write own, or { sort: [name, price], q: public }'
    throw new ConfigError({ path, message: 'names no parameters', cure })
  }
  const parameters = new Map(
    Object.entries(input).map(([name, named]) => [
      name,
      parseNamedFields(named, `${path}.${name}`),
    ]),
  )
  return { isOwn: false, parameters }
}

/** Reads `public`, `[name, address.city]` or `{ newest: createdAt }`. Throws `ConfigError` at `path`. */
export function parseNamedFields(input: unknown, path: string): NamedFields {
  if (input === PUBLIC) return PUBLIC
  const fields = namesOf(input)
  if (fields !== undefined) return { kind: 'fields', fields }
  const entries = isRecord(input) ? Object.entries(input) : []
  const values = entries.map(
    ([value, named]) => [value, typeof named === 'string' ? [named] : namesOf(named)] as const,
  )
  const found = new Map<string, readonly string[]>()
  for (const [value, names] of values) if (names !== undefined) found.set(value, names)
  if (found.size > 0 && found.size === entries.length) return { kind: 'values', values: found }
  const cure = 'write public, [name, address.city] or { newest: createdAt }'
  throw new ConfigError({ path, message: 'names no fields', cure })
}

function namesOf(input: unknown): readonly string[] | undefined {
  const isNames =
    Array.isArray(input) &&
    input.length > 0 &&
    input.every((item) => typeof item === 'string' && item !== '')
  return isNames ? (input as readonly string[]) : undefined
}

function isRecord(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
