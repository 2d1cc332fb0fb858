import type { Violation } from '../../openapi/schema/contract.ts'
import type { Denial, DenialError, ReasonSpec } from '../../pipeline/denial.ts'
import type { Operation } from '../../openapi/model.ts'

const INVALID = {
  status: 422,
  problem: 'invalid_body',
  title: 'Invalid body',
  event: 'input_validation_fail',
} as const
const MEDIA = {
  status: 415,
  problem: 'media_type',
  title: 'Unsupported media type',
  event: 'input_validation_fail',
} as const

/** Everything the body control may say. */
export const BODY_REASONS: Readonly<Record<string, ReasonSpec>> = {
  unexpected_body: { ...INVALID, status: 400 },
  media_type: MEDIA,
  charset: MEDIA,
  content_coding: MEDIA,
  body_too_large: {
    ...INVALID,
    status: 413,
    problem: 'too_large',
    title: 'Request body too large',
    close: true,
  },
  malformed_json: { ...INVALID, status: 400, problem: 'malformed_body', title: 'Malformed body' },
  malformed_form: { ...INVALID, status: 400, problem: 'malformed_body', title: 'Malformed body' },
  body_required: INVALID,
  schema: INVALID,
  enum: { ...INVALID, event: 'input_validation_discrete_fail' },
  unknown_field: { ...INVALID, event: 'malicious_extraneous' },
}

/** Keywords that mean "this field is not declared" or "this field is not yours to set". */
const EXTRANEOUS: ReadonlySet<string> = new Set([
  'unevaluatedProperties',
  'additionalProperties',
  'readOnly',
])

/** Where a document knows 400 but not 422, clients expect 400 (CONTROLS 2.0). */
export function invalidStatus({ responses }: Operation): number {
  return responses.has('400') && !responses.has('422') ? 400 : 422
}

/** Turns what the schema found into one denial; the reason is the gravest kind among the findings. */
export function schemaDenial(violations: readonly Violation[], status: number): Denial {
  const kinds = new Set(violations.map(({ keyword }) => keyword))
  const reason = [...kinds].some((kind) => EXTRANEOUS.has(kind))
    ? 'unknown_field'
    : kinds.has('enum')
      ? 'enum'
      : 'schema'
  const errors = violations.map(({ pointer, message }): DenialError => ({
    pointer,
    detail: message,
  }))
  return {
    reason,
    status,
    errors,
    detail: violations
      .map(({ pointer, keyword }) => `${pointer}:${keyword}`)
      .join(' ')
      .slice(0, 1000),
  }
}
