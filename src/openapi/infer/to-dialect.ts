import type { ApiModel } from '../model.ts'
import type { InferredSchema, JsonType } from './inferred-schema.ts'
import { typesOf } from './inferred-schema.ts'

/** A schema as a document of a version writes it. */
export type WrittenSchema = { readonly [key: string]: unknown }

/**
 * Writes a guessed schema for a document. A field that was only ever `null` tells nothing about its type, so it becomes
 * anything.
 * @see OpenAPI 3.0.4 section 4.7.24 (`nullable`, one `type`, arrays with `items`)
 */
export function toDialect(schema: InferredSchema, version: ApiModel['openapi']): WrittenSchema {
  const types = typesOf(schema).filter((type) => type !== 'null')
  if (types.length === 0) return {}
  const isNullable = typesOf(schema).includes('null')
  if (version !== '3.0') {
    const all = isNullable ? [...types, 'null'] : types
    return { type: all.length === 1 ? all[0] : all, ...aspects(schema, types, version) }
  }
  const nullable = isNullable ? { nullable: true } : {}
  const [first, ...others] = types.map((type) => ({ type, ...aspects(schema, [type], version) }))
  if (others.length === 0) return { ...first, ...nullable }
  return { anyOf: [{ ...first, ...nullable }, ...others] }
}

function aspects(
  schema: InferredSchema,
  types: readonly JsonType[],
  version: ApiModel['openapi'],
): WrittenSchema {
  const { format, properties, additionalProperties, items } = schema
  const isText = types.includes('string') && format !== undefined
  const isObject = types.includes('object')
  return {
    ...(isText ? { format } : {}),
    ...(isObject && properties !== undefined ? { properties: written(properties, version) } : {}),
    ...(isObject && additionalProperties !== undefined
      ? { additionalProperties: toDialect(additionalProperties, version) }
      : {}),
    ...itemsOf(items, types, version),
  }
}

function itemsOf(
  items: InferredSchema | undefined,
  types: readonly JsonType[],
  version: ApiModel['openapi'],
): WrittenSchema {
  if (!types.includes('array')) return {}
  if (items !== undefined) return { items: toDialect(items, version) }
  return version === '3.0' ? { items: {} } : {}
}

function written(
  properties: Readonly<Record<string, InferredSchema>>,
  version: ApiModel['openapi'],
): WrittenSchema {
  const result = Object.create(null) as Record<string, unknown>
  for (const [name, schema] of Object.entries(properties)) result[name] = toDialect(schema, version)
  return result
}
