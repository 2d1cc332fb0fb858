import { STANDARD_METHODS } from '../../src/http/head.ts'
import { canonicalQuery } from '../../src/http/query.ts'
import { canonicalTarget } from '../../src/http/target.ts'

/** One request that a log tells of. */
export interface LoggedRequest {
  /** Upper case. */
  readonly method: string
  /** Canonical, without query. */
  readonly path: string
  /** Names of query parameters, decoded; never values. */
  readonly queryNames: readonly string[]
  /** `undefined` where the log does not say. */
  readonly status: number | undefined
}

const COMBINED = /"([A-Z]{3,16}) (\S{1,8192})(?: HTTP\/\d(?:\.\d)?)?" (\d{3})\b/

/**
 * Reads one line of an access log: common or combined format, or JSON with a method and a path. Whatever the line
 * holds, the result is canonical and bounded by the line. @returns `undefined` when it tells of no request.
 */
export function parseLogLine(line: string): LoggedRequest | undefined {
  const found = line.startsWith('{') ? fromJson(line) : fromCombined(line)
  if (found === undefined || !STANDARD_METHODS.has(found.method)) return undefined
  const target = canonicalTarget(found.target)
  if ('fault' in target) return undefined
  const query = canonicalQuery(target.query)
  const queryNames = 'fault' in query ? [] : query.pairs.map(([name]) => name)
  return { method: found.method, path: target.path, queryNames, status: found.status }
}

interface Found {
  readonly method: string
  readonly target: string
  readonly status: number | undefined
}

function fromCombined(line: string): Found | undefined {
  const [, method, target, status] = COMBINED.exec(line) ?? []
  if (method === undefined || target === undefined) return undefined
  return { method, target, status: Number(status) }
}

/** Where programs write what; dots lead into objects when no field has the dotted name. */
const METHODS = ['method', 'http.request.method', 'request_method', 'request.method', 'httpMethod']
const TARGETS = [
  'path',
  'url.path',
  'uri',
  'url',
  'request_uri',
  'request.uri',
  'request.url',
  'request.path',
]
const STATUSES = [
  'status',
  'http.response.status_code',
  'status_code',
  'statusCode',
  'response.status',
  'response.statusCode',
  'res.statusCode',
]

function fromJson(line: string): Found | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined // a cut or foreign line tells nothing
  }
  const method = firstOf(entry, [...METHODS, 'req.method'])
  const target = firstOf(entry, [...TARGETS, 'req.url'])
  const status = Number(firstOf(entry, STATUSES))
  if (typeof method !== 'string' || typeof target !== 'string') return undefined
  return {
    method: method.toUpperCase(),
    target,
    status: Number.isInteger(status) && status >= 100 ? status : undefined,
  }
}

function firstOf(entry: unknown, names: readonly string[]): unknown {
  for (const name of names) {
    const value = member(entry, name) ?? name.split('.').reduce(member, entry)
    if (typeof value === 'string' || typeof value === 'number') return value
  }
  return undefined
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
