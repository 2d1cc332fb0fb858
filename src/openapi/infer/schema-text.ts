import { isObject, members, own } from '../load/json-value.ts'
import { isFieldName } from './field-name.ts'
import type { InferredSchema, JsonType } from './inferred-schema.ts'
import { ANYTHING, MAX_INFERRED_DEPTH, propertyMap } from './inferred-schema.ts'

/** Characters of a schema's text; a larger one loses its deepest levels. */
export const MAX_SCHEMA_CHARS = 4000

/** A schema as JSON text of at most 4,000 characters: where it would be longer, the deepest levels become anything. */
export function schemaText(schema: InferredSchema): string {
  for (let depth = MAX_INFERRED_DEPTH; depth >= 0; depth--) {
    const text = JSON.stringify(pruned(schema, depth))
    if (text.length <= MAX_SCHEMA_CHARS) return text
  }
  return '{}'
}

function pruned(schema: InferredSchema, depth: number): InferredSchema {
  const { properties, additionalProperties, items } = schema
  const isFlat = properties === undefined && additionalProperties === undefined
  if (isFlat && items === undefined) return schema
  if (depth === 0) return ANYTHING
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          properties: propertyMap(
            Object.entries(properties).map(([name, one]) => [name, pruned(one, depth - 1)]),
          ),
        }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: pruned(additionalProperties, depth - 1) }),
    ...(items === undefined ? {} : { items: pruned(items, depth - 1) }),
  }
}

const TYPES: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
])

/** Reads what `schemaText` wrote. Whatever else stands there is left out. Never throws. */
export function readSchemaText(text: string): InferredSchema {
  try {
    return readAt(JSON.parse(text) as unknown, 0)
  } catch {
    return ANYTHING // cut or foreign text says nothing about any value
  }
}

function readAt(value: unknown, depth: number): InferredSchema {
  if (!isObject(value) || depth > MAX_INFERRED_DEPTH) return ANYTHING
  const written = own(value, 'type')
  const types = (Array.isArray(written) ? (written as unknown[]) : [written]).filter(
    (one): one is JsonType => TYPES.has(one),
  )
  const [first] = types
  if (first === undefined) return ANYTHING
  const format = own(value, 'format')
  const inner = (key: string): InferredSchema | undefined => {
    const child = own(value, key)
    return child === undefined ? undefined : readAt(child, depth + 1)
  }
  const [additional, items] = [inner('additionalProperties'), inner('items')]
  const properties = members(own(value, 'properties')).filter(([name]) => isFieldName(name))
  return {
    type: types.length === 1 ? first : types,
    ...(typeof format === 'string' ? { format } : {}),
    ...(properties.length === 0
      ? {}
      : {
          properties: propertyMap(
            properties.map(([name, child]) => [name, readAt(child, depth + 1)]),
          ),
        }),
    ...(additional === undefined ? {} : { additionalProperties: additional }),
    ...(items === undefined ? {} : { items }),
  }
}
