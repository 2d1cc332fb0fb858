import type { SchemaRef, SchemaRegistry } from '../model.ts'
import { Choices } from './choice.ts'
import { SchemaCompiler } from './compiler.ts'
import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import { FactsReader, strings } from './facts.ts'
import type { Site } from './resources.ts'
import { Resources } from './resources.ts'
import { FORMAT_SAMPLES, patternText, plainText } from './sample-text.ts'
import { count } from './scalar.ts'

/** Deeper than this, a recursive schema gets no sample. */
const MAX_DEPTH = 12
/** Work for one sample: branches of unions multiply. */
const MAX_STEPS = 5000
const MAX_ITEMS = 100

/**
 * A small value that a schema accepts, from its examples, defaults, constants and limits.
 * @returns the value, checked by the validator (strict, formats asserted); `undefined` when none was found.
 * Never throws.
 */
export function sampleOf(
  ref: SchemaRef,
  registry: SchemaRegistry,
  direction: 'request' | 'response',
): { readonly value: unknown } | undefined {
  const options = { registry, direction, formats: true, report: () => undefined } as const
  const validate = new SchemaCompiler({ ...options, unknownFields: 'refuse' }).validator(ref)
  // Parts of a value are judged alone, so their fields may be named elsewhere.
  const parts = new SchemaCompiler({ ...options, unknownFields: 'allow' })
  const site = new Resources(registry).site(ref)
  if (site === undefined) return undefined
  const sampler = new Sampler(registry, direction, (at) => parts.test(at))
  for (const value of sampler.candidates(site)) {
    if (validate(value) === undefined) return { value }
  }
  return undefined
}

/** A candidate, or none. */
type Sample = { readonly value: unknown } | undefined

class Sampler {
  readonly #resources: Resources
  readonly #facts: FactsReader
  readonly #choices: Choices
  readonly #hidden: string
  readonly #test: (site: Site) => (value: unknown) => boolean
  #steps = 0

  constructor(
    registry: SchemaRegistry,
    direction: 'request' | 'response',
    test: (site: Site) => (value: unknown) => boolean,
  ) {
    this.#resources = new Resources(registry)
    this.#facts = new FactsReader(this.#resources)
    this.#choices = new Choices(this.#resources)
    this.#hidden = direction === 'request' ? 'readOnly' : 'writeOnly'
    this.#test = test
  }

  /** What may be a sample, the author's own words first. */
  *candidates(site: Site): Generator<unknown> {
    yield* examples(this.#resources.keywords(site))
    const made = this.#make([site], 0)
    if (made !== undefined) yield made.value
  }

  #make(sites: readonly Site[], depth: number): Sample {
    if (depth > MAX_DEPTH || ++this.#steps > MAX_STEPS) return undefined
    if (sites.some((site) => site.schema === false)) return undefined
    const fixed = this.#flatten(sites)
    for (const site of fixed) {
      const [value, ...others] = [...examples(this.#resources.keywords(site))]
      for (const one of [value, ...others]) {
        if (one !== undefined && sites.every((at) => this.#test(at)(one))) return { value: one }
      }
    }
    return this.#branch(fixed, depth)
  }

  /** Everything that always applies: what is referred to, and `allOf`. */
  #flatten(sites: readonly Site[]): readonly Site[] {
    const found = new Map<unknown, Site>()
    const pending = [...sites]
    for (let site = pending.shift(); site !== undefined; site = pending.shift()) {
      if (!isObject(site.schema) || found.has(site.schema)) continue
      found.set(site.schema, site)
      const keywords = this.#resources.keywords(site)
      const reference = keywords['$ref']
      const target =
        typeof reference === 'string'
          ? this.#resources.resolve(reference, site.resource)
          : undefined
      if (target !== undefined) pending.push(target)
      pending.push(...this.#list(site, 'allOf'))
    }
    return [...found.values()]
  }

  #list(site: Site, key: string): readonly Site[] {
    const list = this.#resources.keywords(site)[key]
    return Array.isArray(list) ? list.map((_, i) => this.#resources.child(site, key, i)) : []
  }

  /** Takes the first branch of a union with which a value can be made; a discriminator's tag is set. */
  #branch(fixed: readonly Site[], depth: number): Sample {
    for (const site of fixed) {
      const choice = this.#choices.of(site)
      for (const [tag, target] of choice?.targets ?? []) {
        if (fixed.some((one) => one.schema === target.schema)) continue
        const rest = choice?.kind === 'children' ? fixed.filter((one) => one !== site) : fixed
        const made = this.#join([...rest, target], site, depth)
        if (choice === undefined || made === undefined || !isObject(made.value)) continue
        return { value: { ...made.value, [choice.property]: tag } }
      }
      for (const branch of [...this.#list(site, 'oneOf'), ...this.#list(site, 'anyOf')]) {
        const made = this.#join([...fixed, branch], site, depth)
        if (made !== undefined && this.#test(site)(made.value)) return made
      }
    }
    return this.#plain(fixed, depth)
  }

  /** Makes a value for a site and one of its branches, without choosing for that site again. */
  #join(sites: readonly Site[], chosen: Site, depth: number): Sample {
    const flat = this.#flatten(sites).filter((site) => site.schema !== chosen.schema)
    const own = { ...Object(chosen.schema) }
    for (const key of ['oneOf', 'anyOf', 'discriminator', 'allOf', '$ref']) delete own[key]
    return depth > MAX_DEPTH
      ? undefined
      : this.#branch([{ ...chosen, schema: own }, ...flat], depth + 1)
  }

  #plain(fixed: readonly Site[], depth: number): Sample {
    const all = fixed.map((site) => this.#resources.keywords(site))
    const words: Keywords = Object.assign({}, ...all)
    if (Object.hasOwn(words, 'const')) return { value: words['const'] }
    const values = words['enum']
    if (Array.isArray(values)) return values.length > 0 ? { value: values[0] } : undefined
    const types: readonly unknown[] = [words['type']].flat()
    const has = (...keys: string[]): boolean => keys.some((key) => words[key] !== undefined)
    if (types.includes('object')) return this.#object(fixed, depth)
    if (types.includes('array')) return this.#array(fixed, words, depth)
    if (types.includes('string')) return this.#text(words)
    if (types.includes('integer') || types.includes('number')) return numberFor(words)
    if (types.includes('boolean')) return { value: true }
    if (types.includes('null')) return { value: null }
    if (has('properties', 'required', 'additionalProperties', 'minProperties')) {
      return this.#object(fixed, depth)
    }
    if (has('items', 'minItems', 'prefixItems')) return this.#array(fixed, words, depth)
    if (has('minimum', 'maximum', 'exclusiveMinimum', 'multipleOf')) return numberFor(words)
    return this.#text(words)
  }

  #text(words: Keywords): Sample {
    const min = count(words['minLength']) ?? 0
    const format =
      typeof words['format'] === 'string' ? FORMAT_SAMPLES.get(words['format']) : undefined
    const pattern = words['pattern']
    const value =
      format ??
      (typeof pattern === 'string'
        ? patternText(pattern, min)
        : plainText(min, count(words['maxLength']) ?? Infinity))
    return value === undefined ? undefined : { value }
  }

  #object(fixed: readonly Site[], depth: number): Sample {
    const required = new Set(
      fixed.flatMap((site) => strings(this.#resources.keywords(site)['required'])),
    )
    const properties = new Map<string, Site[]>()
    for (const site of fixed) {
      const map = this.#resources.keywords(site)['properties']
      for (const name of Object.keys(isObject(map) ? map : {})) {
        const at = this.#resources.child(site, 'properties', name)
        properties.set(name, [...(properties.get(name) ?? []), at])
      }
    }
    const members: [string, unknown][] = []
    for (const [name, sites] of properties) {
      if (sites.some((site) => this.#facts.access(site) === this.#hidden)) continue
      const made = this.#make(sites, depth + 1)
      // An optional field that cannot be made is left out; a required one makes the object impossible.
      if (made !== undefined) members.push([name, made.value])
      else if (required.has(name)) return undefined
    }
    for (const name of required)
      if (!properties.has(name)) members.push([name, this.#extra(fixed, depth)])
    const least = Math.max(
      0,
      ...fixed.map((site) => count(this.#resources.keywords(site)['minProperties']) ?? 0),
    )
    for (let i = 0; members.length < Math.min(least, MAX_ITEMS); i++) {
      members.push([`field${i}`, this.#extra(fixed, depth)])
    }
    return { value: Object.fromEntries(members) }
  }

  /** A value for a field that only `additionalProperties` describes. */
  #extra(fixed: readonly Site[], depth: number): unknown {
    const sites = fixed
      .filter((site) => isObject(this.#resources.keywords(site)['additionalProperties']))
      .map((site) => this.#resources.child(site, 'additionalProperties'))
    return sites.length === 0 ? 'sample' : this.#make(sites, depth + 1)?.value
  }

  #array(fixed: readonly Site[], words: Keywords, depth: number): Sample {
    const min = count(words['minItems']) ?? 0
    if (min > MAX_ITEMS) return undefined
    const length = Math.min(Math.max(min, 1), count(words['maxItems']) ?? Infinity)
    const items: unknown[] = []
    for (let i = 0; i < length; i++) {
      const sites = fixed.flatMap((site) => this.#item(site, i))
      const made = this.#make(sites, depth + 1)
      if (made === undefined) return min === 0 ? { value: [] } : undefined
      items.push(i > 0 && words['uniqueItems'] === true ? varied(made.value, i) : made.value)
    }
    return { value: items }
  }

  #item(site: Site, index: number): readonly Site[] {
    const prefix = this.#list(site, 'prefixItems')[index]
    if (prefix !== undefined) return [prefix]
    return this.#resources.keywords(site)['items'] === undefined
      ? []
      : [this.#resources.child(site, 'items')]
  }
}

function* examples(keywords: Keywords): Generator<unknown> {
  if (keywords['example'] !== undefined) yield keywords['example']
  if (Array.isArray(keywords['examples'])) yield* keywords['examples']
  if (keywords['default'] !== undefined) yield keywords['default']
}

function varied(value: unknown, index: number): unknown {
  if (typeof value === 'number') return value + index
  return typeof value === 'string' ? `${value}${index}` : value
}

function numberFor(words: Keywords): Sample {
  const limit = (key: string): number | undefined =>
    typeof words[key] === 'number' ? words[key] : undefined
  const isWhole = [words['type']].flat().includes('integer')
  const step = limit('multipleOf') ?? (isWhole ? 1 : undefined)
  const above = limit('exclusiveMinimum')
  const low = Math.max(limit('minimum') ?? -Infinity, above ?? -Infinity)
  const high = Math.min(limit('maximum') ?? Infinity, limit('exclusiveMaximum') ?? Infinity)
  const fits = (value: number): boolean =>
    value >= low && value <= high && value !== above && value !== limit('exclusiveMaximum')
  const middle = Number.isFinite(low) && Number.isFinite(high) ? (low + high) / 2 : 1
  const starts = [1, 0, low, low + 1, high, high - 1, middle].filter(Number.isFinite)
  for (const start of starts) {
    const value = step === undefined ? start : Math.ceil(start / step) * step
    if (fits(value)) return { value }
  }
  return undefined
}
