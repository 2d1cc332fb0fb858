import type { JsonType } from '../infer/inferred-schema.ts'
import { typesOf } from '../infer/inferred-schema.ts'
import { isObject, items, own } from '../load/json-value.ts'
import type { SchemaRef } from '../model.ts'
import type { Outcome } from './change.ts'
import { byHand, proposed, SETTLED } from './change.ts'
import type { Input } from './input.ts'
import { child, partsOf } from './schema-walk.ts'

/** What values of another type ask for: the type widened where it stands, or another alternative beside those there. */
export function typeOutcome({ model, shape }: Input, place: SchemaRef): Outcome {
  const parts = partsOf(model.registry, place, 'always')
  const typed = parts.find(({ schema }) => own(schema, 'type') !== undefined)
  if (typed === undefined) return alternative(model, parts, shape)
  const missing = missingTypes(typesOf(shape), typed.schema)
  if (missing.length === 0) return SETTLED
  if (own(typed.schema, 'anyOf') !== undefined)
    return byHand('type and anyOf stand together: widen them by hand')
  return proposed({ action: 'widen-type', at: typed, shape })
}

function alternative(
  { registry }: Input['model'],
  parts: readonly SchemaRef[],
  shape: Input['shape'],
): Outcome {
  for (const key of ['anyOf', 'oneOf']) {
    const part = parts.find(({ schema }) => items(own(schema, key)).length > 0)
    if (part === undefined) continue
    const taken = partsOf(registry, part, 'any').flatMap(({ schema }) => declaredTypes(schema))
    if (missingFrom(typesOf(shape), taken).length === 0) return SETTLED
    if (isObject(own(part.schema, 'discriminator')))
      return byHand('the alternatives have a discriminator')
    return proposed({ action: 'add-alternative', at: child(part, key), shape })
  }
  return SETTLED
}

/** Types that were seen and that a schema does not take. */
export function missingTypes(seen: readonly JsonType[], schema: unknown): readonly JsonType[] {
  return missingFrom(seen, declaredTypes(schema))
}

function missingFrom(seen: readonly JsonType[], declared: readonly string[]): readonly JsonType[] {
  return seen.filter(
    (type) => !declared.includes(type) && !(type === 'integer' && declared.includes('number')),
  )
}

/** Types that a schema takes, in both dialects. */
export function declaredTypes(schema: unknown): readonly string[] {
  const type = own(schema, 'type')
  const list = Array.isArray(type) ? (type as unknown[]) : [type]
  const types = list.filter((one) => typeof one === 'string')
  return own(schema, 'nullable') === true ? [...types, 'null'] : types
}
