import type { SchemaRef } from '../../openapi/model.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import { parseTemplate, shapeOf } from '../../openapi/path-template.ts'
import { compileCondition } from '../../pipeline/conditions/condition.ts'
import type { Condition } from '../../pipeline/conditions/condition.ts'
import { mentions } from '../../pipeline/conditions/mentions.ts'
import type { Resources, Site as SchemaSite } from '../../openapi/schema/resources.ts'
import type { Site } from '../../pipeline/site.ts'
import { conditionScope } from '../condition-scope.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import type { TypeRead } from './ask-owner.ts'
import { returnsOne, unwrapped } from './envelope.ts'
import { isForEverybody } from './nobody-known.ts'
import { itemsOf } from './judged-schema.ts'
import { returnedSchemas } from './json-success.ts'
import { OwnerPlaces } from './owner-places.ts'
import type { OwnerPlace, PlaceRule } from './owner-places.ts'
import { componentName, PUBLIC, SchemaRules } from './schema-rules.ts'

/** Whose the objects of one API are: where they stand in its responses, and what tells. */
export class ApiOwners {
  readonly #kit: Kit
  readonly #api: ApiRuntime
  readonly #places: OwnerPlaces
  #reads: ReadonlyMap<string, Site> | undefined
  #typed: ReadonlyMap<string, Site> | undefined
  readonly #typeReads = new Map<string, TypeRead>()
  readonly #rooted = new Map<string, OwnerPlace | undefined>()

  constructor(site: Site, api: ApiRuntime, kit: Kit) {
    this.#kit = kit
    this.#api = api
    const { authorize, auth, listen } = site.policy
    const rules = new SchemaRules({
      written: authorize.schemas,
      placed: authorize.placed,
      tenantClaim: auth.tenantClaim,
      clients: listen,
      typeOf: (ref) => conditionScope(site, kit, ref).response,
      facts: kit.facts?.(site),
      hasRead: (type) => this.hasRead(type),
    })
    this.#places = new OwnerPlaces(api.responseSchemas, (found) => rules.all(found))
  }

  /** Where owners stand in what a schema describes, as an operation returns it. Throws `ConfigError`. */
  placeOf(site: Site, ref: SchemaRef): OwnerPlace | undefined {
    const written = site.policy.authorize.operations.get(site.operation.id)
    // Who may have it all is said already: nobody in particular owns what everybody is given.
    if (written === PUBLIC || isForEverybody(site.operation)) return undefined
    const key = `${site.index} ${ref.uri}#${ref.pointer}`
    if (!this.#rooted.has(key)) this.#rooted.set(key, this.#make(site, ref, written))
    return this.#rooted.get(key)
  }

  #make(site: Site, ref: SchemaRef, written: string | undefined): OwnerPlace | undefined {
    const found = unwrapped(this.#places.of(ref), site.operation)
    const at = ruleAt(site)
    const isRead = site.operation.method === 'GET'
    if (written === undefined || !isRead || !mentions(written, 'response', at)) return found
    const condition = this.#condition(site, ref, written)
    return withRule(found, { rule: { name: site.operation.id, condition }, mayBe: undefined })
  }

  /** The condition of an operation on the object that it returns, or on each item where it returns a list. */
  #condition(site: Site, ref: SchemaRef, text: string): Condition {
    const scope = conditionScope(
      site,
      this.#kit,
      itemsOf(ref, this.#api.responseSchemas.resources) ?? ref,
    )
    return compileCondition(text, scope, ruleAt(site))
  }

  /** The GET operation of a path, by the shape of its template. */
  readOf(shape: string): Site | undefined {
    this.#reads ??= readsByShape(this.#api, this.#kit)
    return this.#reads.get(shape)
  }

  /** Whether objects of a type can be asked for. */
  hasRead(type: string): boolean {
    this.#typed ??= readsByType(this.#api, this.#kit)
    return this.#typed.has(type)
  }

  /** How objects of a type are asked for, judged while an operation is under way: a GET with one id, of which they are the answer. */
  typeReadOf(site: Site, type: string): TypeRead | undefined {
    this.#typed ??= readsByType(this.#api, this.#kit)
    const read = this.#typed.get(type)
    if (read === undefined) return undefined
    const key = `${site.index} ${type}`
    const text = site.policy.authorize.operations.get(read.operation.id)
    const known = this.#typeReads.get(key) ?? {
      read,
      place: this.placeForOther(site, read),
      isPublic: isForEverybody(read.operation) || text === PUBLIC,
    }
    this.#typeReads.set(key, known)
    return known
  }

  /** Where the owner stands in what `read` returns, judged while another operation is under way. */
  placeForOther(site: Site, read: Site): OwnerPlace | undefined {
    const [ref] = returnedSchemas(read.operation)
    if (ref === undefined || isForEverybody(read.operation)) return undefined
    const text = site.policy.authorize.operations.get(read.operation.id)
    const place = text === PUBLIC ? undefined : unwrapped(this.#places.of(ref), read.operation)
    if (text === undefined || text === PUBLIC || !mentions(text, 'response', ruleAt(read)))
      return place
    return withRule(place, this.#ruleFor(site, read, ref))
  }

  /** The same with the rule that is written for the other operation. Throws `ConfigError`. */
  withRuleOf(site: Site, read: Site): OwnerPlace | undefined {
    const [ref] = returnedSchemas(read.operation)
    if (ref === undefined) return undefined
    return withRule(this.placeForOther(site, read), this.#ruleFor(site, site, ref))
  }

  /** The rule that is written for `owner`, compiled for what `site` knows. */
  #ruleFor(site: Site, owner: Site, ref: SchemaRef): PlaceRule {
    const { id } = owner.operation
    const text = site.policy.authorize.operations.get(id) ?? ''
    const condition = compileCondition(
      text,
      conditionScope(site, this.#kit, ref),
      `authorize.operations.${id}`,
    )
    return { rule: { name: id, condition }, mayBe: undefined }
  }
}

function ruleAt({ operation }: Site): string {
  return `authorize.operations.${operation.id}`
}

function readsByShape({ model }: ApiRuntime, { sites }: Kit): ReadonlyMap<string, Site> {
  const found = new Map<string, Site>()
  for (const site of sites) {
    const { api, method, template } = site.operation
    const parsed = parseTemplate(template)
    if (api === model.name && method === 'GET' && parsed.ok)
      found.set(shapeOf(parsed.segments), site)
  }
  return found
}

/** The schemas that are the answer of a GET with one id at the end of its path, or stand in it as its only member. */
function readsByType(
  { model, responseSchemas }: ApiRuntime,
  { sites }: Kit,
): ReadonlyMap<string, Site> {
  const found = new Map<string, Site>()
  for (const site of sites) {
    const { api, template } = site.operation
    if (api !== model.name || !returnsOne(site.operation) || template.split('{').length > 2)
      continue
    const [ref] = returnedSchemas(site.operation)
    const root = ref === undefined ? undefined : responseSchemas.resources.site(ref)
    if (root === undefined) continue
    const { resources } = responseSchemas
    for (const at of [root, ...onlyMember(resources, root)])
      for (const { site: one, isConditional } of applicable(resources, at)) {
        const name = isConditional ? undefined : componentName(one)
        if (name !== undefined && !found.has(name)) found.set(name, site)
      }
  }
  return found
}

/** The schema in an envelope such as `{ "order": { … } }`. */
function onlyMember(resources: Resources, root: SchemaSite): readonly SchemaSite[] {
  const names = applicable(resources, root).flatMap(({ site, keywords }) =>
    Object.keys(keywords['properties'] ?? {}).map((name) => ({ site, name })),
  )
  const [only] = names
  return only === undefined || names.length > 1
    ? []
    : [resources.child(only.site, 'properties', only.name)]
}

function withRule(place: OwnerPlace | undefined, rule: PlaceRule): OwnerPlace {
  const base = place ?? NOTHING
  if (base.items !== undefined && base.rules.length === 0 && base.members.size === 0) {
    return { ...base, items: withRule(base.items, rule), isGuarded: true }
  }
  return { ...base, rules: [...base.rules, rule], isGuarded: true }
}

const NOTHING: OwnerPlace = {
  rules: [],
  members: new Map(),
  listed: new Set(),
  rest: undefined,
  prefix: [],
  items: undefined,
  isGuarded: false,
}
