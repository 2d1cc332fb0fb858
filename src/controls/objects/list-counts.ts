import type { SchemaRef } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site } from '../../openapi/schema/resources.ts'
import { markIn, OBJECT_MARK, readObjectMark } from './object-mark.ts'
import type { OwnerPlace } from './owner-places.ts'

/** What a response says about a list of which items may be left out. */
export interface ListFacts {
  /** Members that count the items, and that count the pages. */
  readonly counts: readonly (readonly string[])[]
  readonly pages: readonly (readonly string[])[]
  /** Members that say something of all items, and cannot be made to say it of those that stay. */
  readonly aggregates: readonly (readonly string[])[]
  /** Members that say whether, and where, there is more. */
  readonly traces: readonly (readonly string[])[]
}

/** Wrappers of a list are looked into this deep. */
const MAX_DEPTH = 3

const COUNT = /^(?:items|elements|results|records|rows|entries|found)$/i
const COUNTING = /total|count|number_?of|num_?(?:items|found|results)|hits|matches|remaining/i
const PAGES = /pages|last_?page|page_?count/i
const ECHO =
  /^(?:limit|offset|page|page_?(?:number|size|index|no)|per_?page|size|skip|start|first|last|from|to|index|number|status|code|version|took|took_?ms|duration|duration_?ms|time|timestamp|current_?page)$/i
/** Which thing it is that holds the list, or whose; not the newest id, which tells how many there are. */
const NAMING = /^(?:_?id|\w*_id|\w*[a-z]I[dD])$/
const NEWEST = /^(?:last|next|prev|max|latest|highest|newest)/i
const TRACE =
  /^(?:next|prev(?:ious)?)(?:_?(?:page|url|uri|link|href|cursor|token|offset))?$|cursor|(?:page|continuation|sync)_?token|^has_?(?:more|next|prev)|^(?:more|is_?(?:last|truncated)|truncated)$/i
const AGGREGATE = /facet|bucket|aggregat|statist|^stats$|summary|histogram|^totals$|group_?by/i

/** What of a response says something about its lists with owners; `undefined` where it has none. Throws `ConfigError`. */
export function listFacts(
  ref: SchemaRef,
  place: OwnerPlace,
  resources: Resources,
): ListFacts | undefined {
  const root = resources.site(ref)
  if (root === undefined || place.rules.length > 0 || !holdsList(place, 0)) return undefined
  const found = { counts: [], pages: [], aggregates: [], traces: [] }
  collect({ resources, found, path: [] }, root, place)
  return found
}

/** Members of an answer without lists of owners that say how many, how much, or on the whole. Throws `ConfigError`. */
export function summaryMembers(ref: SchemaRef, resources: Resources): readonly string[] {
  const root = resources.site(ref)
  if (root === undefined || isDeclaredPublic(resources, root)) return []
  if (kindOf(resources, root) === 'number') return ['the answer itself']
  const found: Collecting['found'] = { counts: [], pages: [], aggregates: [], traces: [] }
  collect({ resources, found, path: [] }, root, undefined)
  return [...found.counts, ...found.aggregates].map((path) => path.join('.'))
}

/** Whether a name says that something is counted or added up. */
export function isSummaryName(name: string): boolean {
  return AGGREGATE.test(name) || COUNTING.test(name) || SUMMARY.test(name)
}

/** Whether a list with owners stands here and not in an object with one. */
function holdsList(place: OwnerPlace, depth: number): boolean {
  if (place.rules.length > 0 || depth > MAX_DEPTH) return false
  if ([place.items, ...place.prefix].some((one) => one?.isGuarded === true)) return true
  const inner = [...place.members.values(), ...(place.rest === undefined ? [] : [place.rest])]
  return inner.some((one) => one.isGuarded && holdsList(one, depth + 1))
}

interface Collecting {
  readonly resources: Resources
  readonly found: {
    readonly counts: (readonly string[])[]
    readonly pages: (readonly string[])[]
    readonly aggregates: (readonly string[])[]
    readonly traces: (readonly string[])[]
  }
  readonly path: readonly string[]
}

function collect(collecting: Collecting, site: Site, place: OwnerPlace | undefined): void {
  const { resources, found, path } = collecting
  if (path.length >= MAX_DEPTH) return
  for (const { site: at, keywords } of applicable(resources, site)) {
    for (const name of namesOf(keywords['properties'])) {
      const inner = resources.child(at, 'properties', name)
      const innerPlace = place?.members.get(name)
      const here = [...path, name]
      const kind = kindOf(resources, inner)
      if (isDeclaredPublic(resources, inner)) continue
      if (innerPlace?.isGuarded === true && kind !== 'object') continue
      if (TRACE.test(name) && innerPlace?.isGuarded !== true) found.traces.push(here)
      else if (kind === 'number') note(found, name, here)
      else if (kind !== 'scalar' && AGGREGATE.test(name) && innerPlace?.isGuarded !== true)
        found.aggregates.push(here)
      else if (kind === 'object' && (innerPlace?.rules.length ?? 0) === 0)
        collect({ ...collecting, path: here }, inner, innerPlace)
    }
  }
}

function note(found: Collecting['found'], name: string, here: readonly string[]): void {
  if (PAGES.test(name)) found.pages.push(here)
  else if (ECHO.test(name) || (NAMING.test(name) && !NEWEST.test(name))) return
  else if (COUNTING.test(name) && !/amount|price|sum|value|revenue|cost/i.test(name))
    found.counts.push(here)
  else if (COUNT.test(name)) found.counts.push(here)
  else found.aggregates.push(here)
}

const SUMMARY =
  /^(?:count|sum|stats?|average|avg|median|report|metrics|analytics|dashboard|overview)$/i

/** The author says of this member that it may be known: `x-sallyport-object: public`. */
function isDeclaredPublic(resources: Resources, site: Site): boolean {
  return applicable(resources, site).some(({ site: { schema, resource, pointer } }) => {
    const at = `${resource.file}#${pointer}/${OBJECT_MARK}`
    return readObjectMark(markIn(schema), at) === 'public'
  })
}

function kindOf(resources: Resources, site: Site): 'number' | 'object' | 'array' | 'scalar' {
  const types = new Set<unknown>()
  for (const { keywords } of applicable(resources, site)) {
    const { type } = keywords
    for (const one of Array.isArray(type) ? type : [type]) types.add(one)
    if (type === undefined && keywords['properties'] !== undefined) types.add('object')
  }
  if (types.has('array')) return 'array'
  if (types.has('object')) return 'object'
  return types.has('integer') || types.has('number') ? 'number' : 'scalar'
}

function namesOf(map: unknown): readonly string[] {
  return typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.keys(map) : []
}

/** Header fields that count what a list holds (`Link`, RFC 8288, leads to its other pages). */
const COUNT_FIELDS: ReadonlySet<string> = new Set(
  'x-total-count x-total x-count x-total-pages x-pagination x-pages x-page-count x-total-items x-wp-total x-wp-totalpages content-range pagination-count pagination-page'.split(
    ' ',
  ),
)

/** Whether a response header (lower case) counts the items of a list, or says that it goes on. */
export function tellsOfList(name: string): boolean {
  return COUNT_FIELDS.has(name) || name === 'link'
}

/** What the members that count say once items are left out: of one page, what is seen. */
export function countEdits(
  whole: unknown,
  { counts, pages }: ListFacts,
  visible: number,
): Map<object, Map<string, unknown>> {
  const replaced = new Map<object, Map<string, unknown>>()
  const set = (path: readonly string[], value: number): void => {
    const holder = path.slice(0, -1).reduce<unknown>(memberOf, whole)
    const name = path.at(-1)
    if (name === undefined || typeof memberOf(holder, name) !== 'number') return
    if (memberOf(holder, name) === value) return
    const members = replaced.get(holder as object) ?? new Map<string, unknown>()
    replaced.set(holder as object, members.set(name, value))
  }
  for (const path of counts) set(path, visible)
  for (const path of pages) set(path, visible === 0 ? 0 : 1)
  return replaced
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
