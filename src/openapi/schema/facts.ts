import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import type { Resources, Site } from './resources.ts'

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
  readonly #hints = new WeakMap<object, Access>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** Facts about the value that `site` describes. */
  of(site: Site): Facts {
    if (!isObject(site.schema)) return NO_FACTS
    let facts = this.#facts.get(site.schema)
    if (facts === undefined) {
      facts = this.#read(site)
      this.#facts.set(site.schema, facts)
    }
    return facts
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
    for (const { keywords, isConditional } of applicable(this.#resources, site)) {
      if (!isConditional && hint === 'none') hint = accessOf(keywords)
    }
    this.#hints.set(site.schema, hint)
    return hint
  }

  #read(site: Site): Facts {
    const readOnlyNames = new Set<string>()
    const writeOnlyNames = new Set<string>()
    const required = new Set<string>()
    let names = false
    let opens = false
    for (const { site: at, keywords } of applicable(this.#resources, site)) {
      names ||= NAMING.some((key) => namesProperties(key, keywords[key]))
      opens ||= opensProperties(keywords)
      for (const name of strings(keywords['required'])) required.add(name)
      if (!isObject(keywords['properties'])) continue
      for (const name of Object.keys(keywords['properties'])) {
        const access = this.access(this.#resources.child(at, 'properties', name))
        if (access === 'readOnly') readOnlyNames.add(name)
        if (access === 'writeOnly') writeOnlyNames.add(name)
      }
    }
    return {
      names,
      opens,
      readOnlyNames,
      writeOnlyNames,
      required,
    }
  }
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
  const found: Applicable[] = []
  const seen = new Set<unknown>()
  const pending: { readonly site: Site; readonly isConditional: boolean }[] = [
    { site, isConditional: false },
  ]
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (!isObject(next.site.schema) || seen.has(next.site.schema)) continue
    seen.add(next.site.schema)
    const keywords = resources.keywords(next.site)
    found.push({ ...next, keywords })
    for (const step of steps(resources, next.site, keywords)) {
      pending.push({ site: step.site, isConditional: next.isConditional || step.isConditional })
    }
  }
  return found
}

/** The schemas that one schema applies to the same value. */
export function steps(
  resources: Resources,
  site: Site,
  keywords: Keywords,
): readonly { readonly site: Site; readonly isConditional: boolean }[] {
  const out: { readonly site: Site; readonly isConditional: boolean }[] = []
  const add = (target: Site | undefined, isConditional: boolean): void => {
    if (target !== undefined) out.push({ site: target, isConditional })
  }
  for (const key of ['$ref', '$dynamicRef']) {
    const reference = keywords[key]
    if (typeof reference === 'string')
      add(resources.resolve(reference, site.resource), key !== '$ref')
  }
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    const list = keywords[key]
    if (!Array.isArray(list)) continue
    for (let i = 0; i < list.length; i++) add(resources.child(site, key, i), key !== 'allOf')
  }
  if (keywords['if'] !== undefined) {
    for (const key of ['if', 'then', 'else']) {
      if (keywords[key] !== undefined) add(resources.child(site, key), true)
    }
  }
  for (const key of ['dependentSchemas', 'dependencies']) {
    const map = keywords[key]
    if (!isObject(map)) continue
    for (const name of Object.keys(map)) add(resources.child(site, key, name), true)
  }
  const mapping = isObject(keywords['discriminator'])
    ? keywords['discriminator']['mapping']
    : undefined
  if (isObject(mapping)) {
    for (const value of Object.values(mapping)) {
      if (typeof value === 'string') add(resolveName(resources, value, site), true)
    }
  }
  return out
}

/** Resolves what `discriminator.mapping` may hold: the name of a component schema, or a reference. */
export function resolveName(resources: Resources, value: string, site: Site): Site | undefined {
  if (/^[\w.-]+$/.test(value)) {
    const named = resources.resolve(`#/components/schemas/${value}`, site.resource)
    if (named !== undefined) return named
  }
  return resources.resolve(value, site.resource)
}

/** The strings of a keyword that holds an array of them. */
export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
