import { ConfigError } from '../../base/config-error.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Parameter } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import { parseNamedFields } from '../../pipeline/query-rule.ts'
import type { NamedFields } from '../../pipeline/query-rule.ts'
import type { Site } from '../../pipeline/site.ts'
import { schemasOf } from '../responses/declared.ts'
import { classAccess } from '../classes/class-access.ts'
import { fieldMarks } from '../field-marks.ts'
import { readAccess } from '../fields/read-access.ts'
import type { Kit } from '../kit.ts'
import { successes } from '../objects/json-success.ts'
import type { OwnerPlace } from '../objects/owner-places.ts'
import { siteOwners } from '../objects/site-owners.ts'
import type { SiteOwners } from '../objects/site-owners.ts'
import type { RoleViews } from '../role-views.ts'
import { settingPath } from '../setting-path.ts'
import { FieldIndex } from './field-index.ts'
import type { Hidden } from './hidden-fields.ts'
import { hiddenFields } from './hidden-fields.ts'
import { listedFields, ownWords } from './own-words.ts'
import { foldWord, readName, stepsOf } from './words.ts'

/** All that is known at load of what queries of one operation may name. */
export interface SiteQueries {
  readonly fields: FieldIndex
  /** What callers may not read, by their roles; `undefined`: all may read all. */
  readonly hidden: RoleViews<Hidden> | undefined
  /** Others' objects stand in the list, page by page, until they are left out: no field of it may be named. */
  readonly isMixed: boolean
  /** Fields that tell the owner, folded. */
  readonly owners: ReadonlySet<string>
  /** What the author says of parameters. */
  readonly declared: ReadonlyMap<string, NamedFields>
  /** Parameters of which the document lists the values. */
  readonly enumerated: ReadonlySet<string>
  /** Parameter -> words of its language, folded. */
  readonly words: ReadonlyMap<string, ReadonlySet<string>>
  /** The fields of the list above, where nothing of it is hidden. */
  readonly listed: FieldIndex | undefined
}

const FIELDS_MARK = 'x-sallyport-fields'

/** Finds what queries of an operation may name; `undefined` where nothing could be hidden. Throws `ConfigError`. */
export function siteQueries(site: Site, kit: Kit): SiteQueries | undefined {
  const { operation, policy } = site
  const api = kit.apis.get(operation.api)
  const refs = successes(operation).flatMap(schemasOf)
  if (api === undefined || refs.length === 0) return undefined
  const root = fieldMarks(api, policy).place(refs)
  const fields = new FieldIndex(root)
  const owners = siteOwners(site, kit)
  const hidden = hiddenFields(root, {
    accesses: [readAccess, classAccess(policy.data.classes)],
    isOwn: owners !== undefined && (owners.isObject || owners.binding !== 'mixed'),
  })
  const isMixed = isMixedList(owners)
  const declared = declaredFields(site, fields)
  const isJudged = hidden !== undefined || isMixed || declared.size > 0 || mayOrder(site)
  if (!isJudged) return undefined
  return {
    fields,
    hidden,
    isMixed,
    owners: isMixed ? ownerNames(owners?.judgeOf(200)?.place) : new Set(),
    declared,
    enumerated: new Set(
      operation.parameters.filter((one) => isEnumerated(one, site, kit)).map(({ name }) => name),
    ),
    words: ownWords(site, kit),
    listed: listedFields(site, kit),
  }
}

function isMixedList(owners: SiteOwners | undefined): boolean {
  return owners?.isList === true && owners.isPaged && owners.binding === 'mixed'
}

/** Whether a parameter could put the rows in an order that tells what is not shown. */
function mayOrder({ operation, policy }: Site): boolean {
  if (policy.validate.request !== 'strict') return true
  return operation.parameters.some(
    ({ place, name }) =>
      place === 'query' && ['sort', 'filter', 'pick'].includes(readName(name).kind),
  )
}

function isEnumerated({ place, schema }: Parameter, { operation }: Site, kit: Kit): boolean {
  const resources = kit.apis.get(operation.api)?.requestSchemas.resources
  const root = schema === undefined ? undefined : resources?.site(schema)
  if (place !== 'query' || resources === undefined || root === undefined) return false
  return applicable(resources, root).some(({ site, keywords }) => {
    if (keywords['enum'] !== undefined || keywords['const'] !== undefined) return true
    if (typeof keywords['items'] !== 'object') return false
    return applicable(resources, resources.child(site, 'items')).some(
      ({ keywords: inner }) => inner['enum'] !== undefined,
    )
  })
}

/** What policy and document say of parameters; what names nothing that is there protects nothing. */
function declaredFields(site: Site, fields: FieldIndex): ReadonlyMap<string, NamedFields> {
  const { operation, policy } = site
  const found = new Map<string, NamedFields>()
  for (const { name, extensions, source } of operation.parameters) {
    const mark = extensions?.get(FIELDS_MARK)
    if (mark === undefined) continue
    const at = `${source.file}#${source.pointer}/${FIELDS_MARK}`
    found.set(name, checked(parseNamedFields(mark, at), at, fields))
  }
  const known = operation.parameters.map(({ name }) => name)
  for (const [name, named] of policy.authorize.queries?.get(operation.id)?.parameters ?? []) {
    const at = settingPath('authorize.queries', operation.id, name)
    if (!known.includes(name)) {
      const cure = didYouMean(name, known)
      const message = `${site.label} has no parameter ${JSON.stringify(name)}`
      throw new ConfigError({ path: at, message, ...(cure === undefined ? {} : { cure }) })
    }
    found.set(name, checked(named, at, fields))
  }
  return found
}

function checked(named: NamedFields, at: string, fields: FieldIndex): NamedFields {
  if (named === 'public') return named
  const all = named.kind === 'fields' ? named.fields : [...named.values.values()].flat()
  const missing = all.find((field) => !fields.find(stepsOf(field)).isKnown)
  if (missing === undefined) return named
  const message = `no answer of the operation has a field ${JSON.stringify(missing)}`
  throw new ConfigError({ path: at, message, cure: 'write the name of a field, or public' })
}

/** The members by which the owner is told, wherever they stand. */
function ownerNames(place: OwnerPlace | undefined): ReadonlySet<string> {
  const names = new Set<string>()
  const places = new Set(place === undefined ? [] : [place])
  // A set that grows while it is walked: each place once, so circles end.
  for (const at of places) {
    for (const { rule } of at.rules)
      for (const read of rule.condition.reads ?? [])
        if (read.startsWith('response.')) names.add(foldWord(read.slice('response.'.length)))
    for (const inner of [...at.members.values(), ...at.prefix, at.rest, at.items])
      if (inner?.isGuarded === true) places.add(inner)
  }
  return names
}
