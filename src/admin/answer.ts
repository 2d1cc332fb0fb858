import { problemJson, PROBLEM_TYPE } from '../http/problem.ts'
import type { ProblemError } from '../http/problem.ts'

/** An answer of the admin API, ready to be written. */
export interface AdminAnswer {
  readonly status: number
  readonly mediaType: string
  readonly body: string
  /** Flat list of further fields. */
  readonly headers?: readonly string[]
  /** The rest of the request is not read. */
  readonly close?: boolean
}

/** Public classes of what the admin API refuses. */
export type AdminProblem =
  | 'not_found'
  | 'method_not_allowed'
  | 'read_only'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'malformed_body'
  | 'invalid_request'
  | 'conflict'
  | 'configuration_rejected'
  | 'unavailable'
  | 'internal_error'

const PROBLEMS: Readonly<Record<AdminProblem, readonly [status: number, title: string]>> = {
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  read_only: [403, 'This process is an edge and changes nothing; ask the control process'],
  unsupported_media_type: [415, 'Unsupported media type'],
  body_too_large: [413, 'Body too large'],
  malformed_body: [400, 'Malformed body'],
  invalid_request: [422, 'Invalid request'],
  conflict: [409, 'Conflict with the present state'],
  configuration_rejected: [422, 'Configuration rejected, the old one stays'],
  unavailable: [503, 'Service unavailable'],
  internal_error: [500, 'Internal error'],
}

/** A value as JSON; 200 unless said. */
export function json(value: unknown, status = 200): AdminAnswer {
  return { status, mediaType: 'application/json; charset=utf-8', body: JSON.stringify(value) }
}

/** A refusal; `errors` say which field is wrong and why. */
export function problem(
  type: AdminProblem,
  requestId: string,
  errors?: readonly ProblemError[],
): AdminAnswer {
  const [status, title] = PROBLEMS[type]
  return {
    status,
    mediaType: PROBLEM_TYPE,
    body: problemJson({ status, type, title, requestId, errors }),
    close: type === 'body_too_large',
  }
}
