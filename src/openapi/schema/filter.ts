import type { KernelFilter } from '../kernel/response-kernel.ts'
import { ResponseKernel } from '../kernel/response-kernel.ts'
import type { SchemaRef } from '../model.ts'
import { acceptsHere, acceptsKind, tagText } from './choice.ts'
import type { Choice } from './choice.ts'
import type { Filter, Validate } from './contract.ts'
import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import { strings } from './facts.ts'
import type { Group, Layer, Member, Place, Stance } from './filter-place.ts'
import { newPlace, unlisted } from './filter-place.ts'
import { toFilter } from './filter-run.ts'
import type { Builder } from './node.ts'
import type { Site } from './resources.ts'

/** Shared by all places where only a scalar may stand: most of a document. */
const SCALAR: Place = Object.assign(newPlace(), { onObject: 'refuse', onArray: 'refuse' } as const)
const SCALAR_TYPES: ReadonlySet<unknown> = new Set([
  'string',
  'number',
  'integer',
  'boolean',
  'null',
])
const APPLICATORS = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if']

function isScalar(keywords: Keywords): boolean {
  if (!SCALAR_TYPES.has(keywords['type'])) return false
  return APPLICATORS.every((key) => keywords[key] === undefined)
}

const OPEN: Member = { place: undefined, isHidden: false }

/** What filters need of the compiler of validators. */
export interface FilterHost extends Pick<
  Builder,
  'resources' | 'facts' | 'choices' | 'report' | 'pattern'
> {
  validator(ref: SchemaRef): Validate
  /** Whether a value matches a schema, for choosing branches. */
  test(site: Site): (value: unknown) => boolean
}

/** A schema that always applies at a place. */
interface Fixed {
  readonly site: Site
  readonly keywords: Keywords
}

/**
 * Compiles filters that leave in a response only what its schema declares. `compiler` decides which branches a value
 * matches, so it must neither close objects nor refuse `writeOnly`.
 */
export class FilterCompiler {
  readonly #compiler: FilterHost
  readonly #places = new Map<string, Place>()
  readonly #numbers = new Map<object, number>()
  readonly #chosen = new Map<Choice, Group>()
  readonly #pending: (() => void)[] = []
  #kernels: ResponseKernel | undefined

  constructor(compiler: FilterHost) {
    this.#compiler = compiler
  }

  /** Compiles the filter of a schema. Reports once for each place about which the schema says nothing. */
  filter(ref: SchemaRef): Filter {
    const found = this.placeOf(ref)
    if (found === undefined) return () => ({ value: null, dropped: [''] })
    return toFilter(found.place)
  }

  /** The kernel of a schema, less what `cover` hides of it, or `undefined` where only values can be filtered. */
  kernel(ref: SchemaRef, cover?: Place): KernelFilter | undefined {
    const found = this.placeOf(ref)
    this.#kernels ??= ResponseKernel.make()
    return found === undefined ? undefined : this.#kernels?.filter(found.place, cover)
  }

  /** The kernel of a place that no schema describes; `undefined` where only values can be filtered. */
  kernelAt(place: Place): KernelFilter | undefined {
    this.#kernels ??= ResponseKernel.make()
    return this.#kernels?.filter(place)
  }

  /** The place of a schema; `place` is `undefined` where it says nothing, all of it where it could not be found. */
  placeOf(ref: SchemaRef): { readonly place: Place | undefined } | undefined {
    // Reports all faults of the schema; a document with errors is refused, so its filter never runs.
    this.#compiler.validator(ref)
    const site = this.#compiler.resources.site(ref)
    if (site === undefined) return undefined
    const place = this.#place([site], true)
    for (let fill = this.#pending.pop(); fill !== undefined; fill = this.#pending.pop()) fill()
    return { place }
  }

  /** The place that schemas describe together; `undefined` when none of them says anything. */
  #place(sites: readonly Site[], isValue: boolean): Place | undefined {
    const told = sites.filter((site) => site.schema !== true)
    const [first] = told
    if (first === undefined) return undefined
    if (told.length === 1 && isScalar(this.#compiler.resources.keywords(first))) return SCALAR
    const key = told
      .map((site) => this.#number(site.schema))
      .toSorted((a, b) => a - b)
      .join()
    const cached = this.#places.get(key)
    if (cached !== undefined) return cached
    const place = newPlace()
    this.#places.set(key, place)
    this.#pending.push(() => this.#fill(place, told, isValue))
    return place
  }

  #number(schema: unknown): number {
    if (!isObject(schema)) return -1
    const number = this.#numbers.get(schema) ?? this.#numbers.size
    this.#numbers.set(schema, number)
    return number
  }

  #fill(place: Place, sites: readonly Site[], isValue: boolean): void {
    if (sites.some((site) => site.schema === false)) {
      Object.assign(place, { onObject: 'refuse', onArray: 'refuse' })
      return
    }
    const fixed = this.#fixed(sites)
    place.onObject = stance(fixed, 'object')
    place.onArray = stance(fixed, 'array')
    place.layers = fixed.map((one) => this.#layer(one)).filter((layer) => layer !== undefined)
    place.members = this.#members(place.layers)
    place.rest = this.#first(fixed, 'unevaluatedProperties')
    this.#fillItems(place, fixed)
    place.groups = fixed.flatMap((one) => this.#groups(one, place.layers.length > 0))
    if (isValue && isUnfilterable(place)) this.#note(sites)
  }

  #note(sites: readonly Site[]): void {
    const [site] = sites
    if (site === undefined) return
    this.#compiler.report(site, {
      severity: 'note',
      code: 'unfilterable-response',
      message: 'the schema declares no fields, so whatever stands there is returned',
    })
  }

  /** The schemas that always apply: what is referred to, and `allOf`. */
  #fixed(sites: readonly Site[]): readonly Fixed[] {
    const { resources } = this.#compiler
    const found = new Map<unknown, Fixed>()
    const pending = [...sites]
    for (let site = pending.pop(); site !== undefined; site = pending.pop()) {
      if (!isObject(site.schema) || found.has(site.schema)) continue
      const keywords = resources.keywords(site)
      found.set(site.schema, { site, keywords })
      const reference = keywords['$ref']
      const target =
        typeof reference === 'string' ? resources.resolve(reference, site.resource) : undefined
      if (target !== undefined) pending.push(target)
      pending.push(...this.#list({ site, keywords }, 'allOf'))
    }
    return [...found.values()].toReversed()
  }

  #list({ site, keywords }: Fixed, key: string): readonly Site[] {
    const list = keywords[key]
    return Array.isArray(list)
      ? list.map((_, i) => this.#compiler.resources.child(site, key, i))
      : []
  }

  #layer({ site, keywords }: Fixed): Layer | undefined {
    const { resources } = this.#compiler
    const members = new Map<string, Member>()
    // A name that is required is declared, even where nothing more is said about it.
    for (const name of strings(keywords['required'])) members.set(name, OPEN)
    const properties = isObject(keywords['properties']) ? keywords['properties'] : {}
    for (const name of Object.keys(properties)) {
      if (properties[name] !== false) {
        members.set(name, this.#member([resources.child(site, 'properties', name)]))
      }
    }
    const sources = isObject(keywords['patternProperties']) ? keywords['patternProperties'] : {}
    const patterns = Object.keys(sources).map((source) => {
      const at = resources.child(site, 'patternProperties', source)
      return [this.#compiler.pattern(source, at), this.#member([at])] as const
    })
    const extra = keywords['additionalProperties']
    if (members.size + patterns.length === 0 && extra === undefined) return undefined
    const isClosed = extra === undefined || extra === false
    const additional = isClosed
      ? undefined
      : this.#member([resources.child(site, 'additionalProperties')])
    return { members, patterns, additional }
  }

  #member(sites: readonly Site[]): Member {
    const { facts } = this.#compiler
    return {
      place: this.#place(sites, true),
      isHidden: sites.some((site) => facts.access(site) === 'writeOnly'),
    }
  }

  /** Joins what several layers say about one name. */
  #members(layers: readonly Layer[]): ReadonlyMap<string, Member> {
    const [only] = layers
    if (only !== undefined && layers.length === 1 && only.patterns.length === 0) return only.members
    const names = new Set(layers.flatMap((layer) => [...layer.members.keys()]))
    return new Map([...names].map((name) => [name, this.#joined(name, layers)]))
  }

  #joined(name: string, layers: readonly Layer[]): Member {
    const said = layers.flatMap((layer) => {
      const listed = layer.members.get(name)
      const matching = layer.patterns
        .filter(([pattern]) => pattern.test(name))
        .map(([, one]) => one)
      if (listed !== undefined) return [listed, ...matching]
      return matching.length > 0 ? matching : unlisted([layer], name)
    })
    const places = new Set(said.map((one) => one.place).filter((place) => place !== undefined))
    const [first] = places
    const isHidden = said.some((one) => one.isHidden)
    if (places.size < 2) return { place: first, isHidden }
    const union = newPlace()
    const all = [...places]
    // The value decides nothing here: all of them always apply.
    union.groups = [all]
    return { place: union, isHidden }
  }

  #first(fixed: readonly Fixed[], key: string): Member | undefined {
    for (const { site, keywords } of fixed) {
      if (keywords[key] === undefined || keywords[key] === false) continue
      return this.#member([this.#compiler.resources.child(site, key)])
    }
    return undefined
  }

  #fillItems(place: Place, fixed: readonly Fixed[]): void {
    const { resources } = this.#compiler
    const items = fixed
      .filter(({ keywords }) => keywords['items'] !== undefined)
      .map(({ site }) => resources.child(site, 'items'))
    place.items =
      items.length > 0 ? this.#place(items, true) : this.#first(fixed, 'unevaluatedItems')?.place
    const prefixes = fixed.map((one) => this.#list(one, 'prefixItems'))
    const length = Math.max(0, ...prefixes.map((prefix) => prefix.length))
    place.prefix = Array.from({ length }, (_, i) => {
      const sites = prefixes.map((prefix) => prefix[i]).filter((site) => site !== undefined)
      return this.#place(sites, true)
    })
  }

  #groups(fixed: Fixed, isNamed: boolean): readonly Group[] {
    const { keywords } = fixed
    const choice = this.#choice(fixed)
    const groups: (Group | undefined)[] = [choice, this.#condition(fixed), this.#dynamic(fixed)]
    for (const key of ['anyOf', 'oneOf']) {
      if (choice === undefined || this.#compiler.choices.of(fixed.site)?.kind === 'children') {
        groups.push(this.#branches(this.#list(fixed, key), isNamed))
      }
    }
    for (const key of ['dependentSchemas', 'dependencies']) {
      const map = keywords[key]
      if (isObject(map)) groups.push(...this.#dependents(fixed.site, key, Object.keys(map)))
    }
    return groups.filter((group) => group !== undefined)
  }

  #choice({ site }: Fixed): Group | undefined {
    const choice = this.#compiler.choices.of(site)
    if (choice === undefined) return undefined
    // Thousands of schemas may extend one base: all of them share its choice.
    const known = this.#chosen.get(choice)
    if (known !== undefined) return known
    const group = this.#compileChoice(choice)
    this.#chosen.set(choice, group)
    return group
  }

  #compileChoice(choice: Choice): Group {
    const entries = [...choice.targets].map(
      ([tag, target]) => [tag, this.#place([target], false)] as const,
    )
    const targets = new Map<string | undefined, Place | undefined>(entries)
    const all = [...new Set(targets.values())].filter((place) => place !== undefined)
    const fallback =
      choice.fallback === undefined ? undefined : this.#place([choice.fallback], false)
    const { property } = choice
    return (value) => {
      const tag: unknown = Object.hasOwn(value, property) ? Object(value)[property] : undefined
      const place = targets.get(tagText(tag)) ?? fallback
      return place === undefined ? all : [place]
    }
  }

  /** The branches that match; all of them when none does, for a wrong value is not less declared than a right one. */
  #branches(sites: readonly Site[], isNamed: boolean): Group | undefined {
    const { resources } = this.#compiler
    const usable = sites.filter(
      (site) => acceptsKind(resources, site, 'object') || acceptsKind(resources, site, 'array'),
    )
    const chosen = usable.length > 0 ? usable : sites
    const branches = chosen.map((site) => {
      const place = this.#place([site], !isNamed)
      return { place: place ?? newPlace(), test: this.#compiler.test(site) }
    })
    if (branches.length === 0) return undefined
    const all = branches.map((branch) => branch.place)
    // A structure matches no branch that takes only scalars, so all of them apply.
    if (branches.length === 1 || usable.length === 0) return all
    return (value) => {
      const matching = branches.filter((branch) => branch.test(value)).map((branch) => branch.place)
      return matching.length > 0 ? matching : all
    }
  }

  #condition({ site, keywords }: Fixed): Group | undefined {
    if (keywords['if'] === undefined) return undefined
    const { resources } = this.#compiler
    const side = (key: string): readonly Place[] => {
      const place =
        keywords[key] === undefined ? undefined : this.#place([resources.child(site, key)], false)
      return place === undefined ? [] : [place]
    }
    const test = this.#compiler.test(resources.child(site, 'if'))
    const whenTrue = [...side('if'), ...side('then')]
    const whenFalse = side('else')
    return (value) => (test(value) ? whenTrue : whenFalse)
  }

  #dependents(site: Site, key: string, names: readonly string[]): readonly Group[] {
    return names.map((name) => {
      const place = this.#place([this.#compiler.resources.child(site, key, name)], false)
      const places = place === undefined ? [] : [place]
      return (value) => (Object.hasOwn(value, name) ? places : [])
    })
  }

  /** Every schema that a `$dynamicRef` may mean: what one of them declares is kept. */
  #dynamic({ site, keywords }: Fixed): Group | undefined {
    const reference = keywords['$dynamicRef']
    if (typeof reference !== 'string') return undefined
    const { resources } = this.#compiler
    const name = reference.slice(reference.indexOf('#') + 1)
    const named = resources
      .withDynamicAnchor(name)
      .map((resource) => resource.dynamicAnchors.get(name))
    const targets = [resources.resolve(reference, site.resource), ...named]
    const places = targets
      .filter((target) => target !== undefined)
      .map((target) => this.#place([target], false))
      .filter((place) => place !== undefined)
    return places
  }
}

/** What the schemas say of one kind: by `type`, else by the keywords that only make sense for it. */
function stance(fixed: readonly Fixed[], kind: 'object' | 'array'): Stance {
  const says = fixed.map(({ keywords }) => stanceOf(keywords, kind))
  if (says.includes('accept')) return 'accept'
  return says.includes('refuse') ? 'refuse' : 'silent'
}

const OBJECT_KEYWORDS = ['properties', 'patternProperties', 'additionalProperties', 'required']
const ARRAY_KEYWORDS = ['items', 'prefixItems']

function stanceOf(keywords: Keywords, kind: 'object' | 'array'): Stance {
  const isTyped = ['type', 'enum', 'const'].some((key) => keywords[key] !== undefined)
  if (isTyped) return acceptsHere(keywords, kind) ? 'accept' : 'refuse'
  const isObjectLike = OBJECT_KEYWORDS.some((key) => keywords[key] !== undefined)
  const isArrayLike = ARRAY_KEYWORDS.some((key) => keywords[key] !== undefined)
  if (!isObjectLike && !isArrayLike) return 'silent'
  return (kind === 'object' ? isObjectLike : isArrayLike) ? 'accept' : 'refuse'
}

function isUnfilterable(place: Place): boolean {
  if (place.groups.length > 0) return false
  const isOpenObject =
    place.layers.length === 0 && place.rest === undefined && place.onObject !== 'refuse'
  return (
    isOpenObject ||
    (place.onArray === 'accept' && place.items === undefined && place.prefix.length === 0)
  )
}
