import { ConfigError } from '../../../base/config-error.ts'
import { Secret } from '../../../base/secret.ts'
import { parseDuration } from '../../../base/units.ts'
import type { LookupRule, LookupSource } from '../../../pipeline/lookup-rule.ts'
import { parsePostgresUrl } from '../../../store/sources/postgres-source.ts'
import { DEFAULTS } from '../defaults.ts'
import type { AuthorizeInput, LookupInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import { parseLookupTarget, parseMember } from '../values/lookup.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

/** How long it is remembered that there is no value. */
const MISS_MS = 5000

/** The entries of `authorize.lookups`. */
export function resolveLookups(
  lookups: AuthorizeInput['lookups'],
  resolver: Resolver,
): ReadonlyMap<string, LookupRule> {
  const rules = Object.entries(lookups ?? {}).flatMap(([name, input]) => {
    const source = sourceOf(input, ['authorize', 'lookups', name], resolver)
    if (source === undefined) return []
    const { cache = DEFAULTS.lookupCache, timeout = DEFAULTS.lookupTimeout } = input
    const cacheMs = isOff(cache) ? 0 : parseDuration(cache, '')
    const missMs = Math.min(cacheMs, MISS_MS)
    return [[name, { source, cacheMs, missMs, timeoutMs: parseDuration(timeout, '') }] as const]
  })
  return new Map(rules)
}

/** `undefined` where something is missing or too much, which the report knows. */
function sourceOf(
  { from, query, operation, value }: LookupInput,
  at: ConfigPath,
  resolver: Resolver,
): LookupSource | undefined {
  const isDatabase = from !== undefined && query !== undefined
  const isOperation = operation !== undefined && value !== undefined
  const written = [from, query, operation, value].filter((one) => one !== undefined)
  if (isDatabase === isOperation || written.length !== 2) {
    const cure = 'write from and query for a database, or operation and value for the API'
    resolver.report.fault(at, 'says not where a value is read, or more than one place', cure)
    return undefined
  }
  if (isOperation) return { kind: 'operation', operation, member: parseMember(value, '') }
  return databaseOf({ from: from ?? '', query: query ?? '' }, [...at, 'from'], resolver)
}

function databaseOf(
  { from, query }: { readonly from: string; readonly query: string },
  at: ConfigPath,
  resolver: Resolver,
): LookupSource | undefined {
  const target = parseLookupTarget(from, '')
  if (target.kind === 'sqlite') return { kind: 'sqlite', path: resolver.path(target.path), query }
  const url = target.kind === 'postgres' ? target.url : resolver.referenced(at, from).trim()
  try {
    // What is missing altogether is a fault already.
    if (url !== '') parsePostgresUrl(url, '')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { message, cure } of error.faults) resolver.report.fault(at, message, cure)
    return undefined
  }
  return { kind: 'postgres', url: new Secret(url), query }
}
