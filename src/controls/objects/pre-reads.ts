import { ConfigError } from '../../base/config-error.ts'
import { parseTemplate, shapeOf } from '../../openapi/path-template.ts'
import type { TemplateSegments } from '../../openapi/path-template.ts'
import { compileCondition } from '../../pipeline/conditions/condition.ts'
import { mentions } from '../../pipeline/conditions/mentions.ts'
import type { Site } from '../../pipeline/site.ts'
import { conditionScope } from '../condition-scope.ts'
import type { Kit } from '../kit.ts'
import type { ApiOwners } from './api-owners.ts'
import { isForEverybody } from './nobody-known.ts'
import type { OwnerPlace } from './owner-places.ts'
import { PUBLIC } from './schema-rules.ts'

/** An object that is read before an operation on it, or below it, goes on. */
export interface PreRead {
  readonly read: Site
  readonly place: OwnerPlace
  /** Segments of the operation's path, from the start, that make the path of the object. */
  readonly segments: number
  /** Names that the operation gives to the variables of that path. */
  readonly names: readonly string[]
}

/**
 * The objects that must be the caller's before an operation goes on: each GET whose path begins the operation's own and
 * whose answer is one object with an owner. Not asked where the operation's rule names the id itself, or says that
 * the operation is public. Throws `ConfigError`.
 */
export function preReadsOf(site: Site, owners: ApiOwners, kit: Kit): readonly PreRead[] {
  const { operation, policy } = site
  const written = policy.authorize.operations.get(operation.id)
  if (written === PUBLIC || isForEverybody(operation)) return []
  const segments = segmentsOf(operation.template)
  const named = namedIn(site, written, kit)
  const reads = segments.flatMap((_, index) => {
    const length = index + 1
    const isWhole = length === segments.length
    const part = segments.slice(0, length)
    const names = variablesOf(part)
    const read = owners.readOf(shapeOf(part))
    if (read === undefined || names.length === 0) return []
    if (isWhole && operation.method === 'GET') return []
    const last = variablesOf(segments.slice(lastVariable(part), length))
    const isSaid = last.some((name) => named.has(name))
    const place = isSaid ? undefined : owners.placeForOther(site, read)
    if (place === undefined || place.rules.length === 0) return []
    refuseNeeds(read, site)
    return [{ read, place, segments: length, names }]
  })
  return withOwnRule(site, reads, owners)
}

/** What is written for an operation that changes something is about the object that stands nearest. */
function withOwnRule(site: Site, reads: readonly PreRead[], owners: ApiOwners): readonly PreRead[] {
  const { operation, policy } = site
  const text = policy.authorize.operations.get(operation.id)
  const at = `authorize.operations.${operation.id}`
  if (operation.method === 'GET' || text === undefined || !mentions(text, 'response', at))
    return reads
  const segments = segmentsOf(operation.template)
  const lengths = segments.map((_, index) => segments.length - index)
  for (const length of lengths) {
    const part = segments.slice(0, length)
    const names = variablesOf(part)
    const read = names.length === 0 ? undefined : owners.readOf(shapeOf(part))
    const place = read === undefined ? undefined : owners.withRuleOf(site, read)
    if (read === undefined || place === undefined) continue
    refuseNeeds(read, site)
    return [...reads.filter((one) => one.read !== read), { read, place, segments: length, names }]
  }
  throw new ConfigError({
    path: at,
    message: `no operation reads the object that ${site.label} changes, so nobody can tell its owner`,
    cure: 'name what the request holds, such as path.userId or body.accountId',
  })
}

/** Ids that the rule of an operation names, so that it says itself whose the object is. */
function namedIn(site: Site, text: string | undefined, kit: Kit): ReadonlySet<string> {
  const at = `authorize.operations.${site.operation.id}`
  if (text === undefined || mentions(text, 'response', at)) return new Set()
  const { reads } = compileCondition(text, conditionScope(site, kit), at)
  return new Set([...reads].flatMap((name) => (name.startsWith('path.') ? [name.slice(5)] : [])))
}

function segmentsOf(template: string): TemplateSegments {
  const parsed = parseTemplate(template)
  return parsed.ok ? parsed.segments : []
}

function variablesOf(segments: TemplateSegments): readonly string[] {
  return segments.flatMap((parts) =>
    parts.flatMap((part) => (part.kind === 'variable' ? [part.name] : [])),
  )
}

function lastVariable(segments: TemplateSegments): number {
  return segments.findLastIndex((parts) => parts.some(({ kind }) => kind === 'variable'))
}

function refuseNeeds(read: Site, site: Site): void {
  const needed = read.operation.parameters.find(
    ({ place, required }) => required && (place === 'query' || place === 'querystring'),
  )
  if (needed === undefined) return
  throw new ConfigError({
    path: `authorize.operations.${site.operation.id}`,
    message: `${site.label} changes an object whose owner only ${read.label} tells, which cannot be asked without ${needed.name}`,
    cure: 'write a rule for the operation that names the id in its path, or public',
  })
}
