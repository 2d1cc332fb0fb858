import { isObject } from './equal.ts'
import { always, strings } from './facts.ts'
import type { Builder } from './node.ts'
import type { Resources, Site } from './resources.ts'

/** What every object that meets a schema has, as far as it can be told in a few looks. */
export interface Needs {
  /** Names of properties with the only values they may have, where they are there and all values are scalars. */
  readonly tags: ReadonlyMap<string, ReadonlySet<unknown>>
  /** Names that it must have. */
  readonly required: ReadonlySet<string>
}

/** What meets a schema that asks nothing of objects. */
export const NO_NEEDS: Needs = { tags: new Map(), required: new Set() }

/** Says `false` of values that surely do not meet a schema; `true` says nothing. */
export type Gate = (value: unknown) => boolean

/** More looks than this of one kind would cost what they save. */
const MAX_LOOKS = 4

/** Reads what a schema asks of objects. `exempt`: names that `required` does not ask for. */
export function readNeeds(
  site: Site,
  { resources, facts }: Builder,
  exempt: readonly string[],
): Needs {
  const tags = new Map<string, ReadonlySet<unknown>>()
  const required = new Set<string>()
  for (const { site: at, keywords } of always(resources, site)) {
    for (const name of strings(keywords['required'])) required.add(name)
    const properties = keywords['properties']
    for (const name of isObject(properties) ? Object.keys(properties) : []) {
      const values = scalarsOf(resources.child(at, 'properties', name), resources)
      if (values !== undefined) tags.set(name, values)
    }
  }
  // Fields that travel only the other way may be missing.
  const { readOnlyNames, writeOnlyNames } = facts.of(site)
  for (const name of [...readOnlyNames, ...writeOnlyNames, ...exempt]) required.delete(name)
  return { tags, required }
}

/** The only values that a schema allows, where all are scalars. */
export function scalarsOf(site: Site, resources: Resources): ReadonlySet<unknown> | undefined {
  for (const { keywords } of always(resources, site)) {
    const values = Object.hasOwn(keywords, 'const') ? [keywords['const']] : keywords['enum']
    if (Array.isArray(values) && values.every(isScalar)) return new Set(values)
  }
  return undefined
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/**
 * A look at the few members that an object needs, to be asked before a schema that is tried: the schema itself would
 * look at all members. `undefined` where nothing can be told so.
 */
export function compileGate(needs: Needs): Gate | undefined {
  return gateOf([...needs.required], needs)
}

/** A gate for each of several schemas that are tried one after the other: what all of them need tells nothing. */
export function compileGates(all: readonly Needs[]): readonly (Gate | undefined)[] {
  const counts = new Map<string, number>()
  for (const { required } of all)
    for (const name of required) counts.set(name, (counts.get(name) ?? 0) + 1)
  const countOf = (name: string): number => counts.get(name) ?? 0
  return all.map((needs) => {
    const telling = [...needs.required].filter((name) => countOf(name) < all.length)
    return gateOf(
      telling.toSorted((a, b) => countOf(a) - countOf(b)),
      needs,
    )
  })
}

function gateOf(names: readonly string[], needs: Needs): Gate | undefined {
  const required = names.slice(0, MAX_LOOKS)
  const tags = [...needs.tags].slice(0, MAX_LOOKS)
  if (required.length === 0 && tags.length === 0) return undefined
  return (value) => {
    if (!isObject(value)) return true
    for (const name of required) if (!Object.hasOwn(value, name)) return false
    for (const [name, values] of tags)
      if (Object.hasOwn(value, name) && !values.has(value[name])) return false
    return true
  }
}

/** Something that only objects with what it needs have to do with. */
interface Needy {
  readonly needs: Needs
}

/** Those of a list that an object may have to do with, in their order. */
export type TagFinder<T> = (value: Readonly<Record<string, unknown>>) => readonly T[]

/** Finds by the one property whose values tell most of a list apart; `undefined` where none tells two of them. */
export function compileTagFinder<T extends Needy>(list: readonly T[]): TagFinder<T> | undefined {
  const counts = new Map<string, number>()
  for (const { needs } of list)
    for (const name of needs.tags.keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  const [best] = [...counts].toSorted((a, b) => b[1] - a[1])
  return best !== undefined && best[1] > 1 ? byTag(best[0], list) : undefined
}

function byTag<T extends Needy>(name: string, list: readonly T[]): TagFinder<T> {
  const pick = (test: (needs: Needs) => boolean): readonly T[] =>
    list.filter(({ needs }) => test(needs))
  const values = new Set(list.flatMap(({ needs }) => [...(needs.tags.get(name) ?? [])]))
  const found = new Map(
    [...values].map((value) => [value, pick(({ tags }) => tags.get(name)?.has(value) !== false)]),
  )
  const untagged = pick(({ tags }) => !tags.has(name))
  const missing = pick(({ required }) => !required.has(name))
  return (value) => (Object.hasOwn(value, name) ? (found.get(value[name]) ?? untagged) : missing)
}
