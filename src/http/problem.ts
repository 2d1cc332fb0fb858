/** One place where a request breaks a rule. */
export interface ProblemError {
  /** JSON Pointer into the body, or the place of a parameter such as `query/limit`. */
  readonly pointer: string
  readonly detail: string
}

/** What a client is told about a refused request; nothing else ever goes out. */
export interface Problem {
  /** The status code of the answer. */
  readonly status: number
  /** Public class, snake_case, such as `invalid_credential`. */
  readonly type: string
  /** The same for every cause of a class. */
  readonly title: string
  readonly requestId: string
  readonly errors?: readonly ProblemError[] | undefined
  /** Names of limits that were passed (draft-ietf-httpapi-ratelimit-headers, problem type quota-exceeded). */
  readonly violatedPolicies?: readonly string[] | undefined
}

/** The media type of problem documents. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

const REGISTERED = 'https://iana.org/assignments/http-problem-types#'

/** The stable identifier of a public class of problems; every 429 has a registered one. */
function problemUri(status: number, type: string): string {
  if (status !== 429) return `urn:sallyport:problem:${type}`
  const isAbnormal = type === 'abnormal_usage'
  return REGISTERED + (isAbnormal ? 'abnormal-usage-detected' : 'quota-exceeded')
}

/**
 * Writes a problem document: type, title, status, the request id as `instance`, and what validation found.
 * @see RFC 9457 section 3.1
 */
export function problemJson(problem: Problem): string {
  const { status, type, title, requestId, errors, violatedPolicies } = problem
  return JSON.stringify({
    type: problemUri(status, type),
    title,
    status,
    instance: requestId,
    ...(errors === undefined
      ? {}
      : { errors: errors.map(({ pointer, detail }) => ({ pointer, detail })) }),
    ...(violatedPolicies === undefined ? {} : { 'violated-policies': violatedPolicies }),
  })
}
