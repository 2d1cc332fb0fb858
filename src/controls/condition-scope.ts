import type { Parameter, SchemaRef } from '../openapi/model.ts'
import { applicable, opensProperties } from '../openapi/schema/facts.ts'
import type { Applicable } from '../openapi/schema/facts.ts'
import type { Resources, Site as SchemaSite } from '../openapi/schema/resources.ts'
import type { ConditionScope } from '../pipeline/conditions/scope.ts'
import { ANY, STRING } from '../pipeline/conditions/value-type.ts'
import type { ValueType } from '../pipeline/conditions/value-type.ts'
import type { Site } from '../pipeline/site.ts'
import type { Kit } from './kit.ts'

/**
 * What conditions on an operation may name: its parameters and its body, with the types that the document declares.
 * @param response the object in its responses that a condition is about, where it may be named.
 */
export function conditionScope(site: Site, kit: Kit, response?: SchemaRef): ConditionScope {
  const { operation, policy, label } = site
  const resources = kit.apis.get(operation.api)?.requestSchemas.resources
  const types = new TypeReader(resources)
  const at = (place: Parameter['place']): ReadonlyMap<string, ValueType> =>
    new Map(
      operation.parameters
        .filter((one) => one.place === place)
        .map((one) => [
          place === 'header' ? one.name.toLowerCase() : one.name,
          types.parameter(one),
        ]),
    )
  const bodies = (operation.requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
  return {
    label,
    path: at('path'),
    query: at('query'),
    header: at('header'),
    cookie: at('cookie'),
    body: operation.requestBody === undefined ? undefined : types.of(bodies),
    response: response === undefined ? undefined : types.of([response]),
    tenantClaim: policy.auth.tenantClaim,
    clients: policy.listen,
    facts: kit.facts?.(site),
  }
}

/** Reads what schemas say of a value before any is seen. Where they differ, or say nothing, it may be anything. */
class TypeReader {
  readonly #resources: Resources | undefined
  /** By schema, so that circles end. */
  readonly #known = new Map<unknown, ValueType>()

  constructor(resources: Resources | undefined) {
    this.#resources = resources
  }

  parameter({ schema, content }: Parameter): ValueType {
    const ref = schema ?? content?.schema
    if (content !== undefined && !/[/+]json$/.test(content.type)) return STRING
    return ref === undefined ? STRING : this.of([ref])
  }

  of(refs: readonly SchemaRef[]): ValueType {
    const types = refs.map((ref) => {
      const site = this.#resources?.site(ref)
      return site === undefined ? ANY : this.#site(site)
    })
    const [first, ...rest] = types
    if (first === undefined) return ANY
    return rest.every((type) => type === first) ? first : united(types)
  }

  #site(site: SchemaSite): ValueType {
    const known = this.#known.get(site.schema)
    if (known !== undefined) return known
    const all = this.#resources === undefined ? [] : applicable(this.#resources, site)
    const kind = kindOf(all)
    if (kind === 'object') return this.#object(site, all)
    return kind === 'array' ? this.#list(site, all) : (SCALARS.get(kind ?? '') ?? ANY)
  }

  #list(site: SchemaSite, all: readonly Applicable[]): ValueType {
    // A list of itself ends here.
    this.#known.set(site.schema, ANY)
    const items = all.flatMap(({ site: at, keywords }) => {
      const hasItems = typeof keywords['items'] === 'object' && keywords['items'] !== null
      return hasItems && this.#resources !== undefined ? [this.#resources.child(at, 'items')] : []
    })
    const [item] = items
    const isOne = item !== undefined && items.length === 1
    const type: ValueType = { kind: 'list', item: isOne ? this.#site(item) : ANY }
    this.#known.set(site.schema, type)
    return type
  }

  #object(site: SchemaSite, all: readonly Applicable[]): ValueType {
    const fields = new Map<string, ValueType>()
    const names = all.flatMap(({ keywords }) => namesOf(keywords['properties']))
    const isOpen = names.length === 0 || all.some(({ keywords }) => opensProperties(keywords))
    const type: ValueType = { kind: 'object', fields, isOpen }
    this.#known.set(site.schema, type)
    for (const { site: at, keywords } of all) {
      for (const name of namesOf(keywords['properties'])) {
        const inner = this.#resources?.child(at, 'properties', name)
        const found = inner === undefined ? ANY : this.#site(inner)
        const before = fields.get(name)
        fields.set(name, before === undefined || before.kind === found.kind ? found : ANY)
      }
    }
    return type
  }
}

const SCALARS: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['string', STRING],
  ['integer', { kind: 'int' }],
  ['number', { kind: 'number' }],
  ['boolean', { kind: 'bool' }],
])

/** The one type that all schemas agree on, null aside: null is no value in a condition. */
function kindOf(all: readonly Applicable[]): string | undefined {
  const kinds = new Set<unknown>()
  for (const { keywords } of all) {
    const { type } = keywords
    for (const one of Array.isArray(type) ? type : [type]) kinds.add(one)
    if (type === undefined && keywords['properties'] !== undefined) kinds.add('object')
  }
  kinds.delete('null')
  kinds.delete(undefined)
  // What is one of both may have a fraction.
  if (kinds.size === 2 && kinds.has('integer') && kinds.has('number')) return 'number'
  const [only] = kinds
  return kinds.size === 1 && typeof only === 'string' ? only : undefined
}

function namesOf(map: unknown): readonly string[] {
  return typeof map === 'object' && map !== null ? Object.keys(map) : []
}

/** Bodies of several media types: what any of them declares may be named. */
function united(types: readonly ValueType[]): ValueType {
  const fields = new Map<string, ValueType>()
  let isOpen = false
  for (const type of types) {
    if (type.kind !== 'object') return ANY
    isOpen ||= type.isOpen
    for (const [name, field] of type.fields) {
      const before = fields.get(name)
      fields.set(name, before === undefined || before.kind === field.kind ? field : ANY)
    }
  }
  return { kind: 'object', fields, isOpen }
}
