import type { CallPlan } from '../exchange/upstream-port.ts'

/** The fields of a request as a flat list, pseudo fields first; `host` becomes `:authority` (RFC 9113 section 8.3.1). */
export function requestFields(
  { request, body, streamedBytes }: CallPlan,
  scheme: 'http' | 'https',
): string[] {
  const { method, path, headers } = request
  const fields = [':method', method, ':scheme', scheme, ':path', path]
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    fields.push(name === 'host' ? ':authority' : name, headers[i + 1] ?? '')
  }
  const length = body instanceof Buffer ? body.length : streamedBytes
  if (length !== undefined) fields.push('content-length', String(length))
  return fields
}
