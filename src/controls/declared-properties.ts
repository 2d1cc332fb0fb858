import type { SchemaRef } from '../openapi/model.ts'
import { applicable } from '../openapi/schema/facts.ts'
import type { Resources, Site } from '../openapi/schema/resources.ts'

/** Most places looked at; documents are large and refer in circles. */
const MAX_VISITED = 20_000

/** Keywords with one schema, and with schemas by name, for what stands inside a value. */
const INNER = ['items', 'additionalProperties', 'unevaluatedProperties', 'contains'] as const
const INNER_MAPS = ['properties', 'patternProperties'] as const

/**
 * Names of the properties anywhere below some schemas that `isWanted` takes, in whatever branch or behind whatever
 * reference. By name, not by place: a name that is wanted here is wanted in every branch.
 */
export function declaredProperties(
  refs: readonly SchemaRef[],
  resources: Resources,
  isWanted: (name: string, site: Site) => boolean,
): ReadonlySet<string> {
  const names = new Set<string>()
  const seen = new Set<unknown>()
  const queue = refs.flatMap((ref) => resources.site(ref) ?? [])
  for (let at = queue.pop(); at !== undefined && seen.size < MAX_VISITED; at = queue.pop()) {
    if (seen.has(at.schema)) continue
    seen.add(at.schema)
    for (const { site, keywords } of applicable(resources, at)) {
      seen.add(site.schema)
      for (const name of namesIn(keywords['properties']))
        if (isWanted(name, resources.child(site, 'properties', name))) names.add(name)
      queue.push(...inner(resources, site, keywords))
    }
  }
  return names
}

function namesIn(map: unknown): readonly string[] {
  return typeof map === 'object' && map !== null ? Object.keys(map) : []
}

function inner(
  resources: Resources,
  site: Site,
  keywords: Readonly<Record<string, unknown>>,
): readonly Site[] {
  const single = INNER.filter((key) => typeof keywords[key] === 'object').map((key) =>
    resources.child(site, key),
  )
  const named = INNER_MAPS.flatMap((key) =>
    namesIn(keywords[key]).map((name) => resources.child(site, key, name)),
  )
  const listed = Array.isArray(keywords['prefixItems'])
    ? keywords['prefixItems'].map((_, index) => resources.child(site, 'prefixItems', index))
    : []
  return [...single, ...named, ...listed]
}
