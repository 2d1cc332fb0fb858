import type { SchemaRef } from '../src/openapi/model.ts'
import type { Resources, Site } from '../src/openapi/schema/resources.ts'

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = ['items', 'additionalProperties', 'contains', 'if', 'then', 'else'] as const
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const
const MAPS = ['properties', 'patternProperties', 'dependentSchemas'] as const

/** Most schemas looked at from one start; documents are large and refer in circles. */
const MAX_SCHEMAS = 100_000

/** Walks the schemas of one document; remembers what leads where. */
export class SchemaWalk {
  readonly #resources: Resources
  readonly #next = new Map<unknown, readonly Site[]>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** Every schema that values under `roots` can meet, references followed, each once. */
  *reachable(roots: readonly SchemaRef[]): Generator<Site> {
    const pending = roots.flatMap((root) => this.#resources.site(root) ?? [])
    const seen = new Set<unknown>()
    for (let site = pending.pop(); site !== undefined; site = pending.pop()) {
      const { schema } = site
      if (typeof schema !== 'object' || schema === null || seen.has(schema)) continue
      if (seen.size >= MAX_SCHEMAS) return
      seen.add(schema)
      yield site
      pending.push(...this.#nextOf(site))
    }
  }

  #nextOf(site: Site): readonly Site[] {
    const known = this.#next.get(site.schema)
    if (known !== undefined) return known
    const next = [...this.#children(site), ...this.#referred(site)]
    this.#next.set(site.schema, next)
    return next
  }

  *#children(site: Site): Generator<Site> {
    const keywords = this.#resources.keywords(site)
    for (const name of ONE) {
      if (keywords[name] !== undefined) yield this.#resources.child(site, name)
    }
    for (const name of [...LISTS, ...MAPS]) {
      const value = keywords[name]
      if (typeof value !== 'object' || value === null) continue
      for (const key of Object.keys(value)) yield this.#resources.child(site, name, key)
    }
  }

  #referred(site: Site): readonly Site[] {
    const reference = this.#resources.keywords(site)['$ref']
    if (typeof reference !== 'string') return []
    const target = this.#resources.resolve(reference, site.resource)
    return target === undefined ? [] : [target]
  }
}
