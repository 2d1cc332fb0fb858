import { typesOf } from '../infer/inferred-schema.ts'
import type { InferredSchema, JsonType } from '../infer/inferred-schema.ts'
import { toDialect } from '../infer/to-dialect.ts'
import { own, ownString } from '../load/json-value.ts'
import { declaredTypes, missingTypes } from './find-type.ts'
import type { OverlayStep, Site } from './overlay-step.ts'

/** The actions that let a schema take further types, as its version of OpenAPI writes them. */
export function widenActions(site: Site): readonly OverlayStep[] {
  const { change, here, version } = site
  const missing = missingTypes(typesOf(change.shape), here)
  const steps = version === '3.0' ? widen30(site, missing) : widen31(site, missing)
  return [...steps, ...withoutIntegerFormat(site, missing)]
}

/** A list of types; what the further ones describe stands beside. */
function widen31({ change, target, here }: Site, missing: readonly JsonType[]): OverlayStep[] {
  const { type: _type, ...aspects } = toDialect(only(change.shape, missing), '3.1')
  const isList = Array.isArray(own(here, 'type'))
  const declared = declaredTypes(here).filter(
    (type) => !(type === 'integer' && missing.includes('number')),
  )
  // An Overlay appends to a list and replaces anything else.
  const type = isList ? missing : [...declared, ...missing]
  return [{ target, update: { ...aspects, type: type.length === 1 ? type[0] : type } }]
}

/** OpenAPI 3.0 knows one type and `nullable`; for more the type gives way to `anyOf`. */
function widen30({ change, target, here }: Site, missing: readonly JsonType[]): OverlayStep[] {
  const others = missing.filter((type) => type !== 'null')
  if (others.length === 0) return [{ target, update: { nullable: true } }]
  const declared = ownString(here, 'type') ?? ''
  const isNullable = missing.includes('null') || own(here, 'nullable') === true
  const nullable = isNullable ? { nullable: true } : {}
  if (declared === 'integer' && others.length === 1 && others[0] === 'number')
    return [{ target, update: { type: 'number', ...nullable } }]
  const first = { type: declared, ...(declared === 'array' ? { items: {} } : {}), ...nullable }
  const rest = others.map((type) => toDialect(only(change.shape, [type]), '3.0'))
  return [
    { target: `${target}.type`, remove: true },
    { target, update: { anyOf: [first, ...rest] } },
  ]
}

/** A shape reduced to some of its types. */
function only(shape: InferredSchema, types: readonly JsonType[]): InferredSchema {
  const { format, properties, additionalProperties, items } = shape
  const isObject = types.includes('object')
  const [first] = types
  return {
    ...(first === undefined ? {} : { type: types.length === 1 ? first : types }),
    ...(types.includes('string') && format !== undefined ? { format } : {}),
    ...(isObject && properties !== undefined ? { properties } : {}),
    ...(isObject && additionalProperties !== undefined ? { additionalProperties } : {}),
    ...(types.includes('array') && items !== undefined ? { items } : {}),
  }
}

/** `int32` and `int64` hold for every number, so they would refuse the fractions that were seen. */
function withoutIntegerFormat(
  { target, here }: Site,
  missing: readonly JsonType[],
): readonly OverlayStep[] {
  const format = ownString(here, 'format') ?? ''
  return missing.includes('number') && /^int\d+$/.test(format)
    ? [{ target: `${target}.format`, remove: true }]
    : []
}
