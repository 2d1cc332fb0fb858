import { ConfigError } from '../../base/config-error.ts'
import type { SchemaRef } from '../../openapi/model.ts'
import type { SchemaCompiler } from '../../openapi/schema/compiler.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site } from '../../openapi/schema/resources.ts'
import type { OwnerRule } from './owner-rule.ts'

/** A rule about the object of one place. */
export interface PlaceRule {
  readonly rule: OwnerRule
  /**
   * Where the schema with the rule is one of several that may stand here: whether a value may be of it. Doubt counts
   * as yes.
   */
  readonly mayBe: ((value: unknown) => boolean) | undefined
}

/** A place in a response at which, or below which, objects with an owner stand. */
export interface OwnerPlace {
  readonly rules: readonly PlaceRule[]
  readonly members: ReadonlyMap<string, OwnerPlace>
  /** Names of members that the schemas list, whether or not an owner stands there. */
  readonly listed: ReadonlySet<string>
  /** Members that no schema lists. */
  readonly rest: OwnerPlace | undefined
  readonly prefix: readonly (OwnerPlace | undefined)[]
  readonly items: OwnerPlace | undefined
  /** Whether a rule stands here or below. */
  readonly isGuarded: boolean
  /** Whether the document lets a text or number stand here, in which anything might be said; absent: it does. */
  readonly takes?: (scalar: unknown) => boolean
}

/** Finds the rules of a schema. */
export type FindRules = (site: Site) => readonly OwnerRule[]

/** Most places of one document. */
const MAX_PLACES = 100_000

interface Draft {
  rules: readonly PlaceRule[]
  readonly members: Map<string, Draft>
  listed: ReadonlySet<string>
  rest: Draft | undefined
  prefix: (Draft | undefined)[]
  items: Draft | undefined
  isGuarded: boolean
  takes?: (scalar: unknown) => boolean
  readonly parents: Draft[]
}

/** Finds where in the responses of one document objects with an owner stand. */
export class OwnerPlaces {
  readonly #compiler: SchemaCompiler
  readonly #resources: Resources
  readonly #findRules: FindRules
  readonly #drafts = new Map<string, Draft>()
  readonly #numbers = new Map<unknown, number>()
  readonly #pending: (() => void)[] = []

  constructor(compiler: SchemaCompiler, findRules: FindRules) {
    this.#compiler = compiler
    this.#resources = compiler.resources
    this.#findRules = findRules
  }

  /** The place that a schema describes; `undefined` where no object with an owner can stand. Throws `ConfigError`. */
  of(ref: SchemaRef): OwnerPlace | undefined {
    const site = this.#resources.site(ref)
    const draft = site === undefined ? undefined : this.#draft([site])
    for (let fill = this.#pending.pop(); fill !== undefined; fill = this.#pending.pop()) fill()
    return draft?.isGuarded === true ? draft : undefined
  }

  #draft(sites: readonly Site[]): Draft | undefined {
    const told = sites.filter(({ schema }) => typeof schema === 'object' && schema !== null)
    if (told.length === 0) return undefined
    const key = [...new Set(told.map(({ schema }) => this.#number(schema)))].sort(byValue).join()
    const known = this.#drafts.get(key)
    if (known !== undefined) return known
    if (this.#drafts.size >= MAX_PLACES)
      throw new ConfigError({ path: 'authorize', message: `more than ${MAX_PLACES} places` })
    const draft = newDraft()
    this.#drafts.set(key, draft)
    this.#pending.push(() => this.#fill(draft, told))
    return draft
  }

  #number(schema: unknown): number {
    const number = this.#numbers.get(schema) ?? this.#numbers.size
    this.#numbers.set(schema, number)
    return number
  }

  #fill(draft: Draft, sites: readonly Site[]): void {
    const all = sites.flatMap((site) => applicable(this.#resources, site))
    draft.rules = this.#rules(sites, all)
    draft.listed = new Set(all.flatMap(({ keywords }) => namesOf(keywords['properties'])))
    for (const name of draft.listed) {
      const inner = this.#adopt(draft, this.#memberSites(all, name))
      if (inner !== undefined) draft.members.set(name, inner)
    }
    draft.rest = this.#adopt(
      draft,
      all.flatMap((one) => this.#restSites(one)),
    )
    const prefixes = all.map((one) => this.#list(one, 'prefixItems'))
    const length = Math.max(0, ...prefixes.map((prefix) => prefix.length))
    draft.prefix = Array.from({ length }, (_, index) =>
      this.#adopt(
        draft,
        prefixes.flatMap((prefix) => prefix[index] ?? []),
      ),
    )
    draft.items = this.#adopt(
      draft,
      all.flatMap((one) => this.#single(one, ['items', 'unevaluatedItems', 'contains'])),
    )
    draft.takes = this.#taker(sites)
    if (draft.rules.length > 0) markGuarded(draft)
  }

  #adopt(parent: Draft, sites: readonly Site[]): Draft | undefined {
    const child = this.#draft(sites)
    if (child === undefined) return undefined
    child.parents.push(parent)
    if (child.isGuarded) markGuarded(parent)
    return child
  }

  /** What the schemas say of one name; one that lists it not may describe it as any other. */
  #memberSites(all: readonly Applicable[], name: string): readonly Site[] {
    return all.flatMap((one) =>
      namesOf(one.keywords['properties']).includes(name)
        ? [this.#resources.child(one.site, 'properties', name)]
        : this.#restSites(one),
    )
  }

  #restSites(one: Applicable): readonly Site[] {
    const patterns = namesOf(one.keywords['patternProperties']).map((pattern) =>
      this.#resources.child(one.site, 'patternProperties', pattern),
    )
    return [...patterns, ...this.#single(one, ['additionalProperties', 'unevaluatedProperties'])]
  }

  #single({ site, keywords }: Applicable, keys: readonly string[]): readonly Site[] {
    return keys
      .filter((key) => typeof keywords[key] === 'object' && keywords[key] !== null)
      .map((key) => this.#resources.child(site, key))
  }

  #list({ site, keywords }: Applicable, key: string): readonly Site[] {
    const list = keywords[key]
    return Array.isArray(list) ? list.map((_, i) => this.#resources.child(site, key, i)) : []
  }

  #rules(sites: readonly Site[], all: readonly Applicable[]): readonly PlaceRule[] {
    return all.flatMap(({ site, isConditional }) => {
      const rules = this.#findRules(site)
      if (rules.length === 0) return []
      const mayBe = isConditional ? this.#chooser(site, sites) : undefined
      return rules.map((rule) => ({ rule, mayBe }))
    })
  }

  /** Compiled when the first odd value comes: most APIs never send one. */
  #taker(sites: readonly Site[]): (scalar: unknown) => boolean {
    let tests: readonly ((value: unknown) => boolean)[] | undefined
    return (scalar) => {
      tests ??= sites.map((site) => this.#compiler.test(site))
      return tests.every((fits) => fits(scalar))
    }
  }

  /** A value is surely none of a branch where it fits the place by another one. */
  #chooser(branch: Site, place: readonly Site[]): (value: unknown) => boolean {
    const fitsBranch = this.#compiler.test(branch)
    const fitsPlace = place.map((site) => this.#compiler.test(site))
    return (value) => fitsBranch(value) || !fitsPlace.every((fits) => fits(value))
  }
}

function byValue(a: number, b: number): number {
  return a - b
}

function newDraft(): Draft {
  return {
    rules: [],
    members: new Map(),
    listed: new Set(),
    rest: undefined,
    prefix: [],
    items: undefined,
    isGuarded: false,
    parents: [],
  }
}

function markGuarded(draft: Draft): void {
  const pending = [draft]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at.isGuarded) continue
    at.isGuarded = true
    pending.push(...at.parents)
  }
}

function namesOf(map: unknown): readonly string[] {
  return typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.keys(map) : []
}
