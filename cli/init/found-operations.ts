import { Router } from '../../src/controls/routes/router.ts'
import type { ApiModel } from '../../src/openapi/model.ts'
import type { Usage } from './access-log.ts'

/** An operation that is in use and that the document lacks. */
export interface FoundOperation {
  readonly method: string
  /** Below the base path: the document's own template where it has one for other methods, else a guess. */
  readonly template: string
  readonly count: number
  /** Names of query parameters, at most 50. */
  readonly queryNames: readonly string[]
}

/** What the requests of a log mean for a document. */
export interface LogFindings {
  /** Base path that the log shows, where it is not the document's. */
  readonly basePath: string | undefined
  /** Most used first, at most 500. */
  readonly operations: readonly FoundOperation[]
  /** Requests to paths outside of the base path. */
  readonly outside: number
}

const MAX_OPERATIONS = 500
/** More different segments in one place than this are values, not names. */
const MAX_NAMES = 30
const MAX_PREFIX_SEGMENTS = 4
const MAX_QUERY_NAMES = 50

/** Compares what is in use with what the document declares. Preflights are the gateway's own business. */
export function findOperations(
  model: Pick<ApiModel, 'operations' | 'basePath'>,
  usages: readonly Usage[],
): LogFindings {
  const router = routerOf(model)
  const asked = usages.filter(({ method }) => method !== 'OPTIONS' && method !== 'TRACE')
  const basePath = otherBase(model.basePath, router, asked)
  const base = basePath ?? model.basePath
  const below = asked.filter(({ path }) => path.startsWith(`${base}/`))
  const unknown = below.flatMap((usage) => {
    const path = usage.path.slice(base.length)
    const match = router.match(path)
    if (match !== undefined && isDeclared(match.entry.methods, usage.method)) return []
    return [{ ...usage, path, known: match?.entry.template }]
  })
  return {
    basePath,
    operations: merged(unknown),
    outside: asked.length - below.length,
  }
}

function routerOf({ operations }: Pick<ApiModel, 'operations'>): Router<true> {
  const router = new Router<true>()
  for (const { method, template } of operations) router.add(method, template, true)
  return router
}

/** Where a document declares GET, HEAD exists too. */
function isDeclared(methods: ReadonlyMap<string, true>, method: string): boolean {
  return methods.has(method) || (method === 'HEAD' && methods.has('GET'))
}

/**
 * The prefix under which requests match the document when none does under its own base: the most used, the longest
 * among equals. Templates without a fixed segment match anything and prove nothing.
 */
function otherBase(
  base: string,
  router: Router<true>,
  usages: readonly Usage[],
): string | undefined {
  const votes = new Map<string, number>()
  for (const { method, path, count } of usages) {
    const segments = path.split('/').slice(1)
    for (let length = 0; length <= MAX_PREFIX_SEGMENTS && length < segments.length; length++) {
      const prefix = segments.slice(0, length).map((segment) => `/${segment}`)
      const match = router.match(`/${segments.slice(length).join('/')}`)
      if (match === undefined || !isDeclared(match.entry.methods, method)) continue
      if (!/\/[^/{}]+/.test(match.entry.template)) continue
      votes.set(prefix.join(''), (votes.get(prefix.join('')) ?? 0) + count)
    }
  }
  if (votes.size === 0 || votes.has(base)) return undefined
  const best = [...votes].sort((a, b) => b[1] - a[1] || b[0].length - a[0].length)[0]
  return best?.[0]
}

interface Unknown extends Usage {
  readonly known: string | undefined
}

function merged(unknown: readonly Unknown[]): readonly FoundOperation[] {
  const templates = guessTemplates(unknown.filter(({ known }) => known === undefined))
  const found = new Map<string, FoundOperation>()
  for (const { method, path, known, count, queryNames } of unknown) {
    const template = known ?? templates.get(path) ?? path
    const key = `${method} ${template}`
    const before = found.get(key)
    const names = new Set([...(before?.queryNames ?? []), ...queryNames])
    found.set(key, {
      method,
      template,
      count: count + (before?.count ?? 0),
      queryNames: [...names].slice(0, MAX_QUERY_NAMES),
    })
  }
  return [...found.values()].sort((a, b) => b.count - a.count).slice(0, MAX_OPERATIONS)
}

/** Templates for paths: what looks like an id becomes a variable, and so does what comes in too many values. */
function guessTemplates(usages: readonly Usage[]): ReadonlyMap<string, string> {
  const rows = [...new Set(usages.map(({ path }) => path))].map((path) => ({
    path,
    segments: path
      .split('/')
      .slice(1)
      .map((segment) => (looksLikeId(segment) ? '{}' : segment)),
  }))
  const depth = Math.max(0, ...rows.map(({ segments }) => segments.length))
  for (let at = 0; at < depth; at++) {
    const places = Map.groupBy(
      rows.filter(({ segments }) => at < segments.length),
      ({ segments }) => `${segments.slice(0, at).join('/')} ${segments.length}`,
    )
    for (const place of places.values()) {
      const names = new Set(place.map(({ segments }) => segments[at]))
      if (names.size > MAX_NAMES) for (const { segments } of place) segments[at] = '{}'
    }
  }
  return new Map(rows.map(({ path, segments }) => [path, named(segments)]))
}

function named(segments: readonly string[]): string {
  let variables = 0
  const parts = segments.map((segment) => {
    if (segment !== '{}') return segment
    variables += 1
    return variables === 1 ? '{id}' : `{id${variables}}`
  })
  return `/${parts.join('/')}`
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const MAX_NAME_CHARS = 40

/** Whether a segment is a value, not a name: numbers, UUIDs, hashes, long random words, addresses, dates. */
export function looksLikeId(segment: string): boolean {
  if (/^-?\d+(?:\.\d+)?$/.test(segment) || UUID.test(segment)) return true
  if (segment.length > MAX_NAME_CHARS || segment.includes('@') || segment.includes('%')) return true
  if (/^\d{4}-\d\d(?:-\d\d)?$/.test(segment)) return true
  if (/^[0-9a-f]{12,}$/i.test(segment) && /\d/.test(segment)) return true
  // 26 characters of base32 (ULID), 21 of base64url (nano id), prefixed ids such as `cus_N1x2y3Z4`.
  if (/^[\w-]{16,}$/.test(segment) && /\d/.test(segment) && /[a-z]/i.test(segment)) return true
  return /^[a-z]{1,5}_(?=\w*\d)\w{6,}$/i.test(segment)
}
