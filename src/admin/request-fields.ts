import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import { didYouMean } from '../base/suggest.ts'
import { parseDuration } from '../base/units.ts'

/** What a field of a request body may be. `texts?`: a list, or `null` to take a restriction away. */
export type FieldKind = 'text' | 'texts' | 'texts?' | 'duration' | 'expiry' | 'time' | 'flag'
/** Fields of a request body by name. */
export type FieldTable = Readonly<Record<string, FieldKind>>
/** Checked values under the names that the key service uses. */
export type FieldValues = ReadonlyMap<string, unknown>

/**
 * Checks a body against the table: an object with no field that the table does not have. Durations such as `90d`
 * become milliseconds; `expires` (`90d`, `never`) and `expiresAt` (RFC 3339) both become `expiresAtMs`.
 * @throws ConfigError with every fault, by field name.
 */
export function readFields(body: unknown, table: FieldTable, nowMs: number): FieldValues {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ConfigError({ path: '', message: 'the body must be a JSON object' })
  const values = new Map<string, unknown>()
  const faults: ConfigFault[] = []
  for (const [name, value] of Object.entries(body)) {
    try {
      const [key, read] = readField(name, value, { table, nowMs })
      if (values.has(key)) throw fault(name, 'the expiry is said twice', 'expires or expiresAt')
      values.set(key, read)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults)
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return values
}

interface Context {
  readonly table: FieldTable
  readonly nowMs: number
}

function readField(name: string, value: unknown, context: Context): [key: string, value: unknown] {
  const kind = Object.hasOwn(context.table, name) ? context.table[name] : undefined
  if (kind === undefined)
    throw fault(name, 'there is no such field', didYouMean(name, Object.keys(context.table)))
  if (kind === 'texts' || kind === 'texts?') {
    if (isTexts(value) || (kind === 'texts?' && value === null)) return [name, value]
    throw fault(name, 'must be a list of strings')
  }
  if (kind === 'flag') {
    if (typeof value === 'boolean') return [name, value]
    throw fault(name, 'must be true or false')
  }
  if (typeof value !== 'string') throw fault(name, 'must be a string')
  switch (kind) {
    case 'text':
      return [name, value]
    case 'duration':
      return [`${name}Ms`, parseDuration(value, name)]
    case 'expiry':
      return [
        'expiresAtMs',
        value === 'never' ? Infinity : context.nowMs + parseDuration(value, name),
      ]
    case 'time':
      return ['expiresAtMs', readTime(value, name)]
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

function readTime(value: string, name: string): number {
  const ms = RFC3339.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw fault(name, 'is no time', 'such as 2027-01-31T00:00:00Z')
  return ms
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function fault(path: string, message: string, cure?: string): ConfigError {
  return new ConfigError(cure === undefined ? { path, message } : { path, message, cure })
}
