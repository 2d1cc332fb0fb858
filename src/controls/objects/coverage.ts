import { ConfigError } from '../../base/config-error.ts'
import type { Parameter, SourceRef } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site as SchemaSite } from '../../openapi/schema/resources.ts'
import type { Site } from '../../pipeline/site.ts'
import { operationCondition } from '../access/operation-access.ts'
import { siteTable } from '../tables/site-table.ts'
import { declaredProperties } from '../declared-properties.ts'
import type { Kit } from '../kit.ts'
import { isForEverybody } from './nobody-known.ts'
import { PUBLIC } from './schema-rules.ts'
import { siteOwners } from './site-owners.ts'

/** An id, or an answer, for which nothing says whose the object is. */
export interface Uncovered {
  readonly place: 'path' | 'query' | 'header' | 'cookie' | 'body' | 'answer' | 'pages'
  /** Of the parameter or property; of an answer, the path of the list whose objects it may hold. */
  readonly name: string
  readonly source: SourceRef
}

const ID_NAME =
  /^(?:id|ids|uuid|guid)$|[a-z0-9](?:Id|Ids|ID|IDs|Uuid|UUID|Guid|GUID)$|[_-](?:[Ii]ds?|IDs?|[Uu]uid|UUID|[Gg]uid|GUID)$/

/**
 * The ids that an operation takes, and the answers it gives, that no rule covers. Operations without security are left
 * out: everybody may have what they give. Throws `ConfigError` as compiling the rules does.
 */
export function uncoveredOf(site: Site, kit: Kit): readonly Uncovered[] {
  const { operation, policy } = site
  if (isForEverybody(operation) || policy.authorize.operations.get(operation.id) === PUBLIC)
    return []
  const condition = operationCondition(site, kit)
  // A rule about the caller alone says who may do it with any object.
  if (condition?.needs === 'head') return []
  const owners = siteOwners(site, kit)
  if (siteTable(site, kit, policy)?.place !== undefined) return []
  const isShown = operation.method === 'GET' && owners?.isJudged === true
  if (isShown && owners.isList && owners.isPaged && owners.binding === 'mixed')
    return [{ place: 'pages', name: operation.template, source: operation.source }]
  if (isShown || condition?.needs === 'response') return []
  const resources = kit.apis.get(operation.api)?.requestSchemas.resources
  const asked = new Set(owners?.reads.flatMap(({ names }) => names))
  const isNamed = (place: string, name: string): boolean =>
    [...(condition?.reads ?? [])].some((read) => isAt(read, { place, name }))
  const parameters = operation.parameters.filter(
    (one) =>
      isId(one, resources) &&
      one.extensions?.get('x-sallyport-object') === undefined &&
      !(one.place === 'path' && asked.has(one.name)) &&
      !isNamed(one.place, one.place === 'header' ? one.name.toLowerCase() : one.name),
  )
  return [
    ...parameters.flatMap(({ name, place, source }) =>
      place === 'querystring' ? [] : [{ place, name, source }],
    ),
    ...bodyIds(site, resources).filter(({ name }) => !isNamed('body', name)),
    ...(condition === undefined ? sideAnswers(site, kit) : []),
  ]
}

/** Throws `ConfigError` for everything that no rule covers, where the policy asks for it. */
export function refuseUncovered(site: Site, kit: Kit): void {
  if (!site.policy.authorize.isStrict) return
  const faults = uncoveredOf(site, kit).map(({ place, name }) => ({
    path: 'authorize.strict',
    message: uncoveredText(site, { place, name }),
    cure: uncoveredCure(site, place),
  }))
  if (faults.length > 0) throw new ConfigError(faults)
}

/** What is not covered, as a sentence. */
export function uncoveredText(
  { label }: Pick<Site, 'label'>,
  { place, name }: Pick<Uncovered, 'place' | 'name'>,
): string {
  if (place === 'pages')
    return `${label}: others' objects are left out of its pages, whose gaps tell how many there are`
  return place === 'answer'
    ? `${label}: its answer may hold what ${name} lists, and shows no owner`
    : `${label}: no rule says whose the object of ${place}.${name} is`
}

/** What can be done about it. */
function uncoveredCure({ operation }: Pick<Site, 'operation'>, place: Uncovered['place']): string {
  if (place === 'pages')
    return `write authorize.queries.${operation.id}: own where the API lists only what its caller may see, or a rule under authorize.operations`
  return `write authorize.operations.${operation.id}, or x-sallyport-object: public at the parameter`
}

/**
 * `body.orderId` is covered by a rule on itself, on what it holds, or on one of that name further inside. A rule on
 * `path.orderId` says nothing of it: the two need not be the same.
 */
function isAt(
  read: string,
  { place, name }: { readonly place: string; readonly name: string },
): boolean {
  if (!read.startsWith(`${place}.`)) return false
  const inside = read.slice(place.length + 1)
  return inside === name || inside.startsWith(`${name}.`) || inside.endsWith(`.${name}`)
}

function isId({ name, place, schema }: Parameter, resources: Resources | undefined): boolean {
  const site = schema === undefined ? undefined : resources?.site(schema)
  const all = site === undefined || resources === undefined ? [] : applicable(resources, site)
  const has = (test: (keywords: Readonly<Record<string, unknown>>) => boolean): boolean =>
    all.some(({ keywords }) => test(keywords))
  if (has(({ format }) => format === 'uuid')) return true
  if (place !== 'path') return ID_NAME.test(name)
  // What has few values, or is a day, is no id; any other part of a path may be one.
  return !has(
    (keywords) =>
      keywords['enum'] !== undefined ||
      keywords['const'] !== undefined ||
      keywords['type'] === 'boolean' ||
      keywords['format'] === 'date' ||
      keywords['format'] === 'date-time',
  )
}

function bodyIds({ operation }: Site, resources: Resources | undefined): readonly Uncovered[] {
  const { requestBody } = operation
  if (requestBody === undefined || resources === undefined) return []
  const schemas = requestBody.content.flatMap(({ schema }) => schema ?? [])
  const names = declaredProperties(
    schemas,
    resources,
    (name, site) => ID_NAME.test(name) && !isExempt(site, resources),
  )
  return [...names].map((name) => ({ place: 'body', name, source: requestBody.source }))
}

/** The API sets it itself, or the author says of it whatever is to be said. */
function isExempt(site: SchemaSite, resources: Resources): boolean {
  return applicable(resources, site).some(({ site: { schema }, keywords }) => {
    const mark = (schema as Readonly<Record<string, unknown>> | null)?.['x-sallyport-object']
    return keywords['readOnly'] === true || mark !== undefined
  })
}

/** Answers below the path of a list with owners in which nobody can see an owner: tables, sums, files. */
function sideAnswers(site: Site, kit: Kit): readonly Uncovered[] {
  const { operation } = site
  if (operation.method !== 'GET' || operation.parameters.some(({ place }) => place === 'path'))
    return []
  for (const other of kit.sites) {
    const { api, method, template } = other.operation
    const isBelow = operation.template.startsWith(`${template.replace(/\/$/, '')}/`)
    if (api !== operation.api || method !== 'GET' || !isBelow || template.includes('{')) continue
    if (siteOwners(other, kit)?.isList !== true) continue
    return [{ place: 'answer', name: template, source: operation.source }]
  }
  return []
}
