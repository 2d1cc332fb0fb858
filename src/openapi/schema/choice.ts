import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import { always } from './facts.ts'
import { resolveName } from './steps.ts'
import type { Resource, Resources, Site } from './resources.ts'

/** What a discriminator chooses between. */
export interface Choice {
  /** Name of the property that holds the tag. */
  readonly property: string
  /** `branches`: among its own `oneOf` or `anyOf`. `children`: among the schemas that extend it. */
  readonly kind: 'branches' | 'children'
  readonly targets: ReadonlyMap<string, Site>
  /** OpenAPI 3.2 `defaultMapping`: taken when the tag is missing or unknown. */
  readonly fallback: Site | undefined
  /** Branches that no object can meet, such as `{type: 'null'}`; tried for other values. */
  readonly others: readonly Site[]
  /** `children` only: every target includes the schema itself, so that checking the target is enough. */
  readonly isInherited: boolean
  /** Mapping values that lead nowhere. */
  readonly unresolved: readonly string[]
}

/**
 * Reads discriminators (OpenAPI 3.1 section 4.8.25): tags are the mapping's keys and the names of the schemas.
 * Inline branches have no name; where one of them could take an object there is nothing to choose by.
 */
export class Choices {
  readonly #resources: Resources
  readonly #choices = new WeakMap<object, Choice | 'none'>()
  readonly #bases = new WeakMap<object, readonly object[]>()
  readonly #children = new WeakMap<Resource, ReadonlyMap<object, ReadonlyMap<string, Site>>>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** The choice that a schema with a `discriminator` makes; `undefined` when it has none to make. */
  of(site: Site): Choice | undefined {
    if (!isObject(site.schema)) return undefined
    const keywords = this.#resources.keywords(site)
    if (!isObject(keywords['discriminator'])) return undefined
    let choice = this.#choices.get(site.schema)
    if (choice === undefined) {
      choice = this.#read(site, keywords, keywords['discriminator']) ?? 'none'
      this.#choices.set(site.schema, choice)
    }
    return choice === 'none' ? undefined : choice
  }

  /** Ancestors of a schema whose discriminator could choose this very schema: the choice is made already. */
  madeBy(site: Site): readonly object[] {
    if (!isObject(site.schema)) return []
    const { schema } = site
    let bases = this.#bases.get(schema)
    if (bases === undefined) {
      bases = this.#ancestors(site)
        .filter((base) =>
          [...(this.of(base)?.targets.values() ?? [])].some((one) => one.schema === schema),
        )
        .map((base) => base.schema)
        .filter(isObject)
      this.#bases.set(schema, bases)
    }
    return bases
  }

  #read(site: Site, keywords: Keywords, discriminator: Keywords): Choice | undefined {
    const property = discriminator['propertyName']
    if (typeof property !== 'string') return undefined
    const branchKey = ['oneOf', 'anyOf'].find((key) => Array.isArray(keywords[key]))
    const found = branchKey === undefined ? this.#extending(site) : this.#branches(site, branchKey)
    if (found === undefined) return undefined
    const unresolved: string[] = []
    const targets = new Map(found.named)
    const allowed = new Set([...found.named.values()].map((target) => target.schema))
    for (const [tag, name] of mappingOf(discriminator)) {
      const target = resolveName(this.#resources, name, site)
      if (target === undefined) unresolved.push(name)
      // A mapping cannot widen `oneOf`: what is no branch could never be valid.
      else if (branchKey === undefined || allowed.has(target.schema)) targets.set(tag, target)
    }
    const fallbackName = discriminator['defaultMapping']
    const fallback =
      typeof fallbackName === 'string'
        ? resolveName(this.#resources, fallbackName, site)
        : undefined
    if (targets.size === 0 && fallback === undefined && unresolved.length === 0) return undefined
    return {
      property,
      kind: branchKey === undefined ? 'children' : 'branches',
      targets,
      fallback,
      others: found.others,
      isInherited: [...targets.values(), fallback].every(
        (target) => target === undefined || this.#extends(target, site),
      ),
      unresolved,
    }
  }

  #branches(
    site: Site,
    key: string,
  ): { readonly named: ReadonlyMap<string, Site>; readonly others: readonly Site[] } | undefined {
    const list = this.#resources.keywords(site)[key]
    const named = new Map<string, Site>()
    const others: Site[] = []
    for (let i = 0; Array.isArray(list) && i < list.length; i++) {
      const branch = this.#resources.child(site, key, i)
      const reference = this.#resources.keywords(branch)['$ref']
      const target =
        typeof reference === 'string'
          ? this.#resources.resolve(reference, branch.resource)
          : undefined
      if (!acceptsKind(this.#resources, branch, 'object')) others.push(branch)
      else if (target === undefined || typeof reference !== 'string') return undefined
      else named.set(nameOf(reference), target)
    }
    return { named, others }
  }

  /** The component schemas that extend a base, and the base itself, by name. */
  #extending(site: Site): {
    readonly named: ReadonlyMap<string, Site>
    readonly others: readonly Site[]
  } {
    const none: ReadonlyMap<string, Site> = new Map()
    const named = isObject(site.schema) ? this.#family(site.resource).get(site.schema) : undefined
    return { named: named !== undefined && named.size > 1 ? named : none, others: [] }
  }

  #family(resource: Resource): ReadonlyMap<object, ReadonlyMap<string, Site>> {
    let family = this.#children.get(resource)
    if (family === undefined) {
      family = this.#readFamily(resource)
      this.#children.set(resource, family)
    }
    return family
  }

  #readFamily(resource: Resource): ReadonlyMap<object, ReadonlyMap<string, Site>> {
    const family = new Map<object, Map<string, Site>>()
    const root: Site = { schema: resource.root, resource, pointer: resource.pointer }
    const components = isObject(resource.root) ? resource.root['components'] : undefined
    const schemas = isObject(components) ? components['schemas'] : undefined
    for (const name of Object.keys(isObject(schemas) ? schemas : {})) {
      const site = this.#resources.child(root, 'components', 'schemas', name)
      for (const { schema } of [site, ...this.#ancestors(site)]) {
        if (!isObject(schema)) continue
        const members = family.get(schema) ?? new Map<string, Site>()
        members.set(name, site)
        family.set(schema, members)
      }
    }
    return family
  }

  #extends(site: Site, base: Site): boolean {
    return (
      site.schema === base.schema || this.#ancestors(site).some((one) => one.schema === base.schema)
    )
  }

  /** Schemas that always apply where this one does, through `allOf` and `$ref`. */
  #ancestors(site: Site): readonly Site[] {
    const found: Site[] = []
    const seen = new Set<unknown>([site.schema])
    const pending = [site]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const parent of this.#parents(next)) {
        if (seen.has(parent.schema)) continue
        seen.add(parent.schema)
        found.push(parent)
        pending.push(parent)
      }
    }
    return found
  }

  #parents(site: Site): readonly Site[] {
    const keywords = this.#resources.keywords(site)
    const list = Array.isArray(keywords['allOf']) ? keywords['allOf'] : []
    const parents = list.map((_, i) => this.#resources.child(site, 'allOf', i))
    const reference = keywords['$ref']
    const target =
      typeof reference === 'string' ? this.#resources.resolve(reference, site.resource) : undefined
    return target === undefined ? parents : [...parents, target]
  }
}

function mappingOf(discriminator: Keywords): readonly (readonly [string, string])[] {
  const mapping = discriminator['mapping']
  if (!isObject(mapping)) return []
  return Object.entries(mapping).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
}

/** The name a reference gives its schema: the last part of it. */
function nameOf(reference: string): string {
  const last = reference.slice(reference.lastIndexOf('/') + 1)
  return last.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** The tag as text: numbers and booleans as JSON writes them; anything else names no schema. */
export function tagText(tag: unknown): string | undefined {
  if (typeof tag === 'string') return tag
  return typeof tag === 'number' || typeof tag === 'boolean' ? String(tag) : undefined
}

/** Kinds of JSON values, as far as `type` tells them apart without looking at numbers. */
export type Kind = 'null' | 'boolean' | 'object' | 'array' | 'number' | 'string'

/** All of them. */
export const KINDS: readonly Kind[] = ['null', 'boolean', 'object', 'array', 'number', 'string']

/** The kind of a value. */
export function kindOf(value: unknown): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const kind = typeof value
  return kind === 'boolean' || kind === 'number' || kind === 'string' ? kind : 'object'
}

/** Whether the `type`, `const` and `enum` that always apply let a value of this kind through. */
export function acceptsKind(resources: Resources, site: Site, kind: Kind): boolean {
  if (site.schema === false) return false
  for (const { keywords } of always(resources, site)) if (!acceptsHere(keywords, kind)) return false
  return true
}

/** As `acceptsKind`, for the keywords of one schema. */
export function acceptsHere(keywords: Keywords, kind: Kind): boolean {
  const types: readonly unknown[] = [keywords['type']].flat()
  const isTyped = keywords['type'] !== undefined
  if (isTyped && !types.includes(kind) && !(kind === 'number' && types.includes('integer')))
    return false
  if (Object.hasOwn(keywords, 'const') && kindOf(keywords['const']) !== kind) return false
  const values = keywords['enum']
  return !Array.isArray(values) || values.some((value) => kindOf(value) === kind)
}
