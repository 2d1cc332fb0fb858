import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import { familiesOf } from './families.ts'
import type { Resources, Site, Step } from './resources.ts'
import { steps } from './steps.ts'

/** A schema that applies to the same value, with how it got there. */
export interface Applicable {
  readonly site: Site
  readonly keywords: Keywords
  /** It applies only to some values (`oneOf`, `if`, a discriminator, …). */
  readonly isConditional: boolean
}

/** What can be known about a place in the value before any value is seen. */
export interface Facts {
  /** Some applicable schema names properties. */
  readonly names: boolean
  /** Some applicable schema says what further properties may hold, so the author has thought of them. */
  readonly opens: boolean
  readonly readOnlyNames: ReadonlySet<string>
  readonly writeOnlyNames: ReadonlySet<string>
  readonly required: ReadonlySet<string>
}

const NAMING = [
  'properties',
  'patternProperties',
  'required',
  'additionalProperties',
  'unevaluatedProperties',
]

/** Reads what holds for a place over all schemas that may apply to it. Cached by schema. */
export class FactsReader {
  readonly #resources: Resources
  readonly #facts = new WeakMap<object, Facts>()
  readonly #own = new WeakMap<object, OwnFacts>()
  readonly #hints = new WeakMap<object, Access>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** Facts about the value that `site` describes. */
  of(site: Site): Facts {
    if (!isObject(site.schema)) return NO_FACTS
    const known = this.#facts.get(site.schema)
    if (known !== undefined) return known
    for (const family of familiesOf(this.#resources, site, (one) => this.#facts.has(one)))
      this.#readFamily(family)
    return this.#facts.get(site.schema) ?? NO_FACTS
  }

  /** Whether a value described here is only ever sent one way. */
  access(site: Site): Access {
    if (!isObject(site.schema)) return 'none'
    const keywords = this.#resources.keywords(site)
    // The usual property refers to nothing, so its own words are all there is.
    if (keywords['$ref'] === undefined && keywords['allOf'] === undefined) return accessOf(keywords)
    const known = this.#hints.get(site.schema)
    if (known !== undefined) return known
    let hint: Access = 'none'
    for (const { keywords } of always(this.#resources, site)) {
      if (hint === 'none') hint = accessOf(keywords)
    }
    this.#hints.set(site.schema, hint)
    return hint
  }

  /** Of schemas that lead to one another the same is known; what they lead to beside was read before. */
  #readFamily(family: readonly Site[]): void {
    const own = family.map((site) => this.#ownFacts(site, this.#resources.keywords(site)))
    const members = new Set(family.map(({ schema }) => schema))
    const beside = new Set<Facts>()
    for (const site of family)
      for (const { site: at } of steps(this.#resources, site, this.#resources.keywords(site)))
        if (isObject(at.schema) && !members.has(at.schema))
          beside.add(this.#facts.get(at.schema) ?? NO_FACTS)
    const all = [...own, ...beside]
    const facts: Facts = {
      names: all.some(({ names }) => names),
      opens: all.some(({ opens }) => opens),
      readOnlyNames: new Set(all.flatMap(({ readOnlyNames }) => [...readOnlyNames])),
      writeOnlyNames: new Set(all.flatMap(({ writeOnlyNames }) => [...writeOnlyNames])),
      required: new Set(all.flatMap(({ required }) => [...required])),
    }
    for (const { schema } of family) if (isObject(schema)) this.#facts.set(schema, facts)
  }

  /** What one schema says by itself: where many extend one another, each is asked again and again. */
  #ownFacts(site: Site, keywords: Keywords): OwnFacts {
    const known = isObject(site.schema) ? this.#own.get(site.schema) : undefined
    if (known !== undefined) return known
    const { properties } = keywords
    const readOnlyNames: string[] = []
    const writeOnlyNames: string[] = []
    for (const name of isObject(properties) ? Object.keys(properties) : []) {
      const access = this.access(this.#resources.child(site, 'properties', name))
      if (access === 'readOnly') readOnlyNames.push(name)
      if (access === 'writeOnly') writeOnlyNames.push(name)
    }
    const own: OwnFacts = {
      names: NAMING.some((key) => namesProperties(key, keywords[key])),
      opens: opensProperties(keywords),
      required: strings(keywords['required']),
      readOnlyNames,
      writeOnlyNames,
    }
    if (isObject(site.schema)) this.#own.set(site.schema, own)
    return own
  }
}

interface OwnFacts {
  readonly names: boolean
  readonly opens: boolean
  readonly required: readonly string[]
  readonly readOnlyNames: readonly string[]
  readonly writeOnlyNames: readonly string[]
}

/** Whether a value only ever goes one way. */
export type Access = 'readOnly' | 'writeOnly' | 'none'

function accessOf(keywords: Keywords): Access {
  if (keywords['readOnly'] === true) return 'readOnly'
  return keywords['writeOnly'] === true ? 'writeOnly' : 'none'
}

const NO_FACTS: Facts = {
  names: false,
  opens: false,
  readOnlyNames: new Set(),
  writeOnlyNames: new Set(),
  required: new Set(),
}

/** Whether a schema itself says that other properties than the named ones may stand. */
export function opensProperties(keywords: Keywords): boolean {
  return [keywords['additionalProperties'], keywords['unevaluatedProperties']].some(
    (value) => value !== undefined && value !== false,
  )
}

function namesProperties(keyword: string, value: unknown): boolean {
  if (keyword === 'required') return Array.isArray(value) && value.length > 0
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return value === false
  // An empty `properties` says nothing: generators write it for free-form objects.
  return isObject(value) && Object.keys(value).length > 0
}

/**
 * Every schema that may apply to the value of `site`: the schema itself, what it refers to, and its branches. Each
 * once, so circles end. `not` is left out: what it describes is what the value is not.
 */
export function applicable(resources: Resources, site: Site): readonly Applicable[] {
  return [...reach(resources, site)]
}

/** As `applicable`, read as far as somebody asks: schemas that extend one another may be thousands. */
export function* reach(resources: Resources, site: Site): Generator<Applicable> {
  const seen = new Set<unknown>()
  const pending: Step[] = [{ site, isConditional: false }]
  for (const next of pending) {
    if (!isObject(next.site.schema) || seen.has(next.site.schema)) continue
    seen.add(next.site.schema)
    const keywords = resources.keywords(next.site)
    yield { site: next.site, keywords, isConditional: next.isConditional }
    for (const step of steps(resources, next.site, keywords)) {
      const isConditional = next.isConditional || step.isConditional
      pending.push(isConditional === step.isConditional ? step : { site: step.site, isConditional })
    }
  }
}

/** As `applicable`, without those that apply only to some values. */
export function* always(resources: Resources, site: Site): Generator<Applicable> {
  const seen = new Set<unknown>()
  const pending: Site[] = [site]
  for (const next of pending) {
    if (!isObject(next.schema) || seen.has(next.schema)) continue
    seen.add(next.schema)
    const keywords = resources.keywords(next)
    yield { site: next, keywords, isConditional: false }
    for (const step of steps(resources, next, keywords))
      if (!step.isConditional) pending.push(step.site)
  }
}

/** The strings of a keyword that holds an array of them. */
export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
