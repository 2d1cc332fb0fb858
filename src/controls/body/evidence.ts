import { generalPointer } from '../../openapi/infer/field-name.ts'
import type { Violation } from '../../openapi/schema/contract.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import type { BodyPlace } from '../adopt-evidence.ts'
import { constraintAt, NO_SHAPE, pointersOf, shapesAt } from '../adopt-evidence.ts'

const UNKNOWN: ReadonlySet<string> = new Set(['unevaluatedProperties', 'additionalProperties'])
const TYPE: ReadonlySet<string> = new Set(['type'])
const REQUIRED: ReadonlySet<string> = new Set(['required'])

/** What a request body that breaks its schema says about the schema. */
export function bodyEvidence(place: BodyPlace, violations: readonly Violation[]): Evidence[] {
  const other = violations.filter(
    ({ keyword }) => !UNKNOWN.has(keyword) && !TYPE.has(keyword) && !REQUIRED.has(keyword),
  )
  return [
    ...shapesAt('request-unknown-field', pointersOf(violations, UNKNOWN), place),
    ...shapesAt('request-type', pointersOf(violations, TYPE), place),
    ...pointersOf(violations, REQUIRED).map((pointer): Evidence => ({
      kind: 'request-missing-field',
      pointer: `${place.name}#${generalPointer(pointer)}`,
      sample: NO_SHAPE,
    })),
    ...other.map(({ pointer, keyword }) =>
      constraintAt('request-constraint', `${place.name}#${generalPointer(pointer)}`, keyword),
    ),
  ]
}
