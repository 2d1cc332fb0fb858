import { inferSchema } from '../../openapi/infer/infer-schema.ts'
import { readPointer } from '../../openapi/load/pointer.ts'
import type { Validate } from '../../openapi/schema/contract.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import type { BodyPlace } from '../adopt-evidence.ts'
import { MAX_PLACES, pointersOf, shapesAt } from '../adopt-evidence.ts'

const TYPE: ReadonlySet<string> = new Set(['type'])

/** What fields that the filter would drop say about the schema: some are not declared, some as another type. */
export function droppedEvidence(
  place: BodyPlace,
  dropped: readonly string[],
  validate: Validate,
): Evidence[] {
  const mistyped = new Set(pointersOf(validate(place.value) ?? [], TYPE))
  return [
    ...shapesAt(
      'response-undeclared-field',
      dropped.filter((pointer) => !mistyped.has(pointer)),
      place,
    ),
    ...shapesAt(
      'response-type',
      dropped.filter((pointer) => mistyped.has(pointer)),
      place,
    ),
  ]
}

/** The shape of objects about which the schema says nothing. */
export function openEvidence(place: BodyPlace, open: readonly string[]): Evidence[] {
  const filled = open.slice(0, MAX_PLACES).filter((pointer) => {
    const { properties, additionalProperties } = inferSchema(readPointer(place.value, pointer))
    return properties !== undefined || additionalProperties !== undefined
  })
  return shapesAt('response-open-schema', filled, place)
}
