/** The JSON types, with whole numbers told apart. */
export type JsonType = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string'

/**
 * What values look like, as JSON Schema 2020-12: types, names of fields, formats that are certain; never a value.
 * Without members it means: anything. `additionalProperties` stands where names of members are data, not fields.
 */
export interface InferredSchema {
  /** Sorted where there are several. */
  readonly type?: JsonType | readonly JsonType[]
  readonly format?: string
  readonly properties?: Readonly<Record<string, InferredSchema>>
  readonly additionalProperties?: InferredSchema
  readonly items?: InferredSchema
}

/** Says nothing: every value fits. */
export const ANYTHING: InferredSchema = Object.freeze({})

/** Levels of objects and arrays that are described; what lies deeper is anything. */
export const MAX_INFERRED_DEPTH = 6
/** Fields of one object that are described; an object with more is a table of data. */
export const MAX_INFERRED_PROPERTIES = 100

/** The types as a list. */
export function typesOf({ type }: InferredSchema): readonly JsonType[] {
  if (type === undefined) return []
  return typeof type === 'string' ? [type] : type
}

/** Properties by name. A null prototype, since the names come from outside. */
export function propertyMap(
  entries: Iterable<readonly [string, InferredSchema]>,
): Record<string, InferredSchema> {
  const map = Object.create(null) as Record<string, InferredSchema>
  for (const [name, schema] of entries) map[name] = schema
  return map
}
