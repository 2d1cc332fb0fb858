import type { FailureCause } from '../../gateway/core.ts'

const CAUSES: ReadonlyMap<string, FailureCause> = new Map<string, FailureCause>([
  ['ECONNREFUSED', 'upstream_refused'],
  ['ENOTFOUND', 'upstream_refused'],
  ['EAI_AGAIN', 'upstream_refused'],
  ['EHOSTUNREACH', 'upstream_refused'],
  ['ENETUNREACH', 'upstream_refused'],
  ['EADDRNOTAVAIL', 'upstream_refused'],
  ['EACCES', 'upstream_refused'],
  ['UND_ERR_CONNECT_TIMEOUT', 'upstream_timeout'],
  ['ETIMEDOUT', 'upstream_timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'upstream_timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'upstream_timeout'],
  ['UND_ERR_CLOSED', 'overloaded'],
  ['UND_ERR_DESTROYED', 'overloaded'],
  // The gateway's own request was unacceptable to the client library: a field or a path that should not exist.
  ['UND_ERR_INVALID_ARG', 'defect'],
  ['UND_ERR_NOT_SUPPORTED', 'defect'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'defect'],
])

/** OpenSSL's and Node's codes of a failed handshake or a certificate that does not hold. */
const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CRL_|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|ERROR_IN_CERT|CA_)/

/**
 * Why an exchange failed, from the error of the upstream client. Codes are compared, never texts. What is not known
 * is the upstream's breach of protocol: it closed too early, sent no HTTP, or framed an answer in two ways.
 */
export function failureCause(error: Error): FailureCause {
  const code = errorCode(error)
  const cause = CAUSES.get(code) ?? (TLS_CODE.test(code) ? 'upstream_tls' : 'upstream_protocol')
  // Only what never left may be sent again: a network that goes away later may have taken the request with it.
  return cause === 'upstream_refused' && wasConnected(error) ? 'upstream_protocol' : cause
}

function wasConnected(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'read' || error.syscall === 'write')
}

/** Code and text of an upstream error, for the log. */
export function failureDetail(error: Error): string {
  const code = errorCode(error)
  const text = error.message === '' ? error.name : error.message
  return (code === '' ? text : `${code}: ${text}`).slice(0, 300)
}

function errorCode(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error && 'code' in first && typeof first.code === 'string'
    ? first.code
    : ''
}
