import { FORMATS } from '../schema/format.ts'
import { isFieldName } from './field-name.ts'
import type { InferredSchema, JsonType } from './inferred-schema.ts'
import {
  ANYTHING,
  MAX_INFERRED_DEPTH,
  MAX_INFERRED_PROPERTIES,
  propertyMap,
} from './inferred-schema.ts'
import { mergeAll } from './merge-schemas.ts'

/** Formats whose texts nobody writes by chance. */
const CERTAIN: readonly string[] = ['date-time', 'date', 'uuid']

/**
 * Describes a JSON value: at most 6 levels and 100 fields of an object. Every item of an array counts. The result
 * accepts the value. Never throws; the work grows with the size of the value.
 */
export function inferSchema(value: unknown): InferredSchema {
  return inferAt(value, 0)
}

function inferAt(value: unknown, depth: number): InferredSchema {
  if (value === null) return { type: 'null' }
  if (typeof value === 'string') return inferString(value)
  if (typeof value === 'boolean') return { type: 'boolean' }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' }
  if (typeof value !== 'object' || depth >= MAX_INFERRED_DEPTH) return ANYTHING
  if (Array.isArray(value)) return inferArray(value, depth)
  // The files of a form are bytes, not objects.
  return Buffer.isBuffer(value) ? ANYTHING : inferObject(value, depth)
}

function inferString(text: string): InferredSchema {
  const format = CERTAIN.find((name) => {
    const known = FORMATS.get(name)
    return known?.kind === 'string' && known.test(text)
  })
  return format === undefined ? { type: 'string' } : { type: 'string', format }
}

function inferArray(items: readonly unknown[], depth: number): InferredSchema {
  if (items.length === 0) return { type: 'array' }
  return { type: 'array', items: mergeAll(items.map((item) => inferAt(item, depth + 1))) }
}

function inferObject(value: object, depth: number): InferredSchema {
  const entries = Object.entries(value).map(
    ([name, member]) => [name, inferAt(member, depth + 1)] as const,
  )
  if (entries.length === 0) return { type: 'object' }
  const isTable =
    entries.length > MAX_INFERRED_PROPERTIES || entries.some(([name]) => !isFieldName(name))
  return isTable
    ? { type: 'object', additionalProperties: mergeAll(entries.map(([, schema]) => schema)) }
    : { type: 'object', properties: propertyMap(entries) }
}

/** Describes the texts of one parameter. What is not plainly a number or a truth value is a text. */
export function inferTexts(texts: readonly string[]): InferredSchema {
  const one = mergeAll(texts.map((text): InferredSchema => ({ type: textType(text) })))
  const type = typeof one.type === 'string' ? one.type : 'string'
  return texts.length > 1 ? { type: 'array', items: { type } } : { type }
}

function textType(text: string): JsonType {
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return 'integer'
  return text === 'true' || text === 'false' ? 'boolean' : 'string'
}
