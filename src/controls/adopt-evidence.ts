import { generalPointer } from '../openapi/infer/field-name.ts'
import { inferSchema } from '../openapi/infer/infer-schema.ts'
import { mergeSchemas } from '../openapi/infer/merge-schemas.ts'
import type { InferredSchema } from '../openapi/infer/inferred-schema.ts'
import { schemaText } from '../openapi/infer/schema-text.ts'
import { readPointer } from '../openapi/load/pointer.ts'
import type { Violation } from '../openapi/schema/contract.ts'
import type { Evidence, EvidenceKind } from '../pipeline/evidence.ts'

/** Largest JSON body whose shape is looked at, in bytes. */
export const MAX_EVIDENCE_BYTES = 1_048_576

/** Schema text that says nothing. */
export const NO_SHAPE = '{}'

/** The shape of a JSON body; nothing where it is too large or no JSON. */
export function bodyShape(body: Buffer | undefined): string {
  if (body === undefined || body.length === 0 || body.length > MAX_EVIDENCE_BYTES) return NO_SHAPE
  try {
    return schemaText(inferSchema(JSON.parse(body.toString('utf8')) as unknown))
  } catch {
    return NO_SHAPE // whatever it is, it tells nothing about JSON
  }
}

/** Where fields of a body stand: what comes before `#` in their pointers, and the body they stand in. */
export interface BodyPlace {
  /** `application/json`, or `200 application/json`. */
  readonly name: string
  readonly value: unknown
}

/** Places of one body that are looked at. */
export const MAX_PLACES = 200

/** One piece of evidence for each place, with the shape of everything that stood there. */
export function shapesAt(
  kind: EvidenceKind,
  pointers: readonly string[],
  { name, value }: BodyPlace,
): Evidence[] {
  const shapes = new Map<string, InferredSchema>()
  for (const pointer of pointers.slice(0, MAX_PLACES)) {
    const place = generalPointer(pointer)
    const shape = inferSchema(readPointer(value, pointer))
    const before = shapes.get(place)
    shapes.set(place, before === undefined ? shape : mergeSchemas(before, shape))
  }
  return [...shapes].map(([place, shape]) => ({
    kind,
    pointer: `${name}#${place}`,
    sample: schemaText(shape),
  }))
}

/** A keyword that a value breaks. */
export function constraintAt(kind: EvidenceKind, place: string, keyword: string): Evidence {
  return { kind, pointer: `${place} ${keyword}`, sample: JSON.stringify({ keyword }) }
}

/** Pointers of the violations of some keywords. */
export function pointersOf(
  violations: readonly Violation[],
  keywords: ReadonlySet<string>,
): readonly string[] {
  return violations.filter(({ keyword }) => keywords.has(keyword)).map(({ pointer }) => pointer)
}
