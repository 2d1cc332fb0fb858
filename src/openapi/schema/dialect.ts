import type { Dialect } from '../model.ts'

/** A schema object read as 2020-12 keywords. */
export type Keywords = Readonly<Record<string, unknown>>

/** Keywords of a Schema Object (OpenAPI 3.0.4, section 4.7.24.1); the others of 2020-12 mean nothing there. */
const KEYWORDS_30: ReadonlySet<string> = new Set([
  'multipleOf',
  'maximum',
  'minimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxProperties',
  'minProperties',
  'required',
  'enum',
  'type',
  'allOf',
  'oneOf',
  'anyOf',
  'not',
  'items',
  'properties',
  'additionalProperties',
  'format',
  'discriminator',
  'readOnly',
  'writeOnly',
  'default',
  'example',
])

/** Keywords that decide about values only together with the validation vocabulary (2020-12 Validation, section 6). */
const VALIDATION: ReadonlySet<string> = new Set([
  'type',
  'const',
  'enum',
  'multipleOf',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxContains',
  'minContains',
  'maxProperties',
  'minProperties',
  'required',
  'dependentRequired',
])

/**
 * Reads a schema object as 2020-12. For OpenAPI 3.0: siblings of `$ref` do not exist, `nullable` widens `type`,
 * boolean `exclusiveMinimum` and `exclusiveMaximum` turn into limits, and later keywords mean nothing.
 * `asserts` is false where the meta-schema leaves the validation vocabulary out.
 */
export function readKeywords(schema: Keywords, dialect: Dialect, asserts: boolean): Keywords {
  if (dialect === 'openapi-3.0') return read30(schema)
  if (asserts) return schema
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !VALIDATION.has(key)))
}

function read30(schema: Keywords): Keywords {
  if (typeof schema['$ref'] === 'string') return { $ref: schema['$ref'] }
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(schema)) if (KEYWORDS_30.has(key)) out[key] = schema[key]
  narrow(schema, out, ['minimum', 'exclusiveMinimum'])
  narrow(schema, out, ['maximum', 'exclusiveMaximum'])
  // OpenAPI 3.0.3 clarified: `nullable` only widens a `type` that stands in the same schema object.
  if (schema['nullable'] === true && typeof out['type'] === 'string')
    out['type'] = [out['type'], 'null']
  return out
}

function narrow(
  schema: Keywords,
  out: Record<string, unknown>,
  names: readonly [string, string],
): void {
  const [limit, exclusive] = names
  const flag = schema[exclusive]
  if (flag === undefined || flag === false) return
  // Anything but a boolean is kept, so that the shape check can refuse it.
  if (flag !== true) out[exclusive] = { malformed: flag }
  else if (out[limit] !== undefined) {
    out[exclusive] = out[limit]
    delete out[limit]
  }
}
