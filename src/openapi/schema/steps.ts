import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import type { Resources, Site, Step } from './resources.ts'

/** The schemas that one schema applies to the same value. */
export function steps(resources: Resources, site: Site, keywords: Keywords): readonly Step[] {
  const known = resources.steps.get(keywords)
  if (known !== undefined) return known
  const found = readSteps(resources, site, keywords)
  resources.steps.set(keywords, found)
  return found
}

function readSteps(resources: Resources, site: Site, keywords: Keywords): readonly Step[] {
  const out: Step[] = []
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
