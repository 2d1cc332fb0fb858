import type { InferredSchema, JsonType } from './inferred-schema.ts'
import { ANYTHING, MAX_INFERRED_PROPERTIES, propertyMap, typesOf } from './inferred-schema.ts'

/** What accepts everything that one of the two accepts. Never throws; changes neither. */
export function mergeSchemas(a: InferredSchema, b: InferredSchema): InferredSchema {
  const types = joinedTypes(typesOf(a), typesOf(b))
  // One of them says nothing about the type, so it may hold anything.
  if (types.length === 0) return ANYTHING
  const format = mergedFormat(a, b)
  return {
    type: types.length === 1 ? (types[0] as JsonType) : types,
    ...(format === undefined ? {} : { format }),
    ...mergedMembers(a, b),
    ...mergedItems(a, b),
  }
}

/** As `mergeSchemas`, for any number of them; of none: anything. */
export function mergeAll(schemas: readonly InferredSchema[]): InferredSchema {
  const [first = ANYTHING, ...rest] = schemas
  return rest.reduce(mergeSchemas, first)
}

function joinedTypes(a: readonly JsonType[], b: readonly JsonType[]): JsonType[] {
  if (a.length === 0 || b.length === 0) return []
  const types = new Set([...a, ...b])
  if (types.has('number')) types.delete('integer')
  return [...types].toSorted()
}

function mergedFormat(a: InferredSchema, b: InferredSchema): string | undefined {
  if (!typesOf(a).includes('string')) return b.format
  if (!typesOf(b).includes('string')) return a.format
  return a.format === b.format ? a.format : undefined
}

type Members = Pick<InferredSchema, 'properties' | 'additionalProperties'>

function mergedMembers(a: InferredSchema, b: InferredSchema): Members {
  const both = [a, b].filter(
    (one) => one.properties !== undefined || one.additionalProperties !== undefined,
  )
  const [only] = both
  if (only === undefined) return {}
  if (both.length === 1) return membersOf(only)
  const isTable = both.some((one) => one.additionalProperties !== undefined)
  const properties = mergedProperties(a.properties ?? {}, b.properties ?? {})
  if (!isTable && Object.keys(properties).length <= MAX_INFERRED_PROPERTIES) return { properties }
  const all = both.flatMap((one) => [
    ...Object.values(one.properties ?? {}),
    ...(one.additionalProperties === undefined ? [] : [one.additionalProperties]),
  ])
  return { additionalProperties: mergeAll(all) }
}

function membersOf({ properties, additionalProperties }: InferredSchema): Members {
  return {
    ...(properties === undefined ? {} : { properties }),
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
  }
}

function mergedProperties(
  a: Readonly<Record<string, InferredSchema>>,
  b: Readonly<Record<string, InferredSchema>>,
): Record<string, InferredSchema> {
  const merged = propertyMap(Object.entries(a))
  for (const [name, schema] of Object.entries(b)) {
    const before = merged[name]
    merged[name] = before === undefined ? schema : mergeSchemas(before, schema)
  }
  return merged
}

function mergedItems(a: InferredSchema, b: InferredSchema): Pick<InferredSchema, 'items'> {
  if (a.items === undefined || b.items === undefined) {
    const items = a.items ?? b.items
    return items === undefined ? {} : { items }
  }
  return { items: mergeSchemas(a.items, b.items) }
}
