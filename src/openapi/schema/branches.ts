import type { Kind } from './choice.ts'
import { acceptsKind, KINDS, kindOf } from './choice.ts'
import { isObject } from './equal.ts'
import { always, strings } from './facts.ts'
import type { Builder, Check, Frame } from './node.ts'
import type { Site } from './resources.ts'

/** One schema of `anyOf` or `oneOf`. */
export interface Branch {
  readonly check: Check
  /** Kinds of values that it may accept. */
  readonly kinds: ReadonlySet<Kind>
}

/** The branches that a value may meet; of the others it is known that they do not hold. */
export type BranchFinder = (value: unknown) => readonly Branch[]

/** A property that a branch allows only few values of. */
interface Tagged {
  readonly branch: Branch
  /** Values by name of the property. */
  readonly tags: ReadonlyMap<string, ReadonlySet<unknown>>
  /** Names that an object must have to meet the branch. */
  readonly required: ReadonlySet<string>
}

const FEW: readonly Branch[] = []

/**
 * Finds branches by the kind of the value, and by the one property whose values tell most of them apart: what a
 * discriminator would have said. Without it a list of objects would try every branch for every item.
 */
export function compileBranchFinder(
  sites: readonly Site[],
  branches: readonly Branch[],
  { builder, frame }: { readonly builder: Builder; readonly frame: Frame },
): BranchFinder {
  const byKind = new Map(
    KINDS.map((kind) => [kind, branches.filter(({ kinds }) => kinds.has(kind))] as const),
  )
  const tagged = branches.flatMap((branch, index) => {
    const site = sites[index]
    return site === undefined ? [] : [{ branch, ...readTags(site, builder, frame) }]
  })
  const name = mostTelling(tagged)
  const ofObject =
    name === undefined ? undefined : byTag(name, tagged, new Set(byKind.get('object')))
  return (value) =>
    ofObject !== undefined && isObject(value) ? ofObject(value) : (byKind.get(kindOf(value)) ?? FEW)
}

/** The branches of a list, with the kinds of values they may accept. */
export function toBranches(sites: readonly Site[], builder: Builder, frame: Frame): Branch[] {
  return sites.map((site) => ({
    check: builder.branch(site, frame),
    kinds: new Set(KINDS.filter((kind) => acceptsKind(builder.resources, site, kind))),
  }))
}

function readTags(
  site: Site,
  { resources, facts }: Builder,
  frame: Frame,
): Pick<Tagged, 'tags' | 'required'> {
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
  for (const name of [...readOnlyNames, ...writeOnlyNames, ...frame.variant.exempt])
    required.delete(name)
  return { tags, required }
}

/** The only values that a schema allows, where all are scalars. */
function scalarsOf(site: Site, resources: Builder['resources']): ReadonlySet<unknown> | undefined {
  for (const { keywords } of always(resources, site)) {
    const values = Object.hasOwn(keywords, 'const') ? [keywords['const']] : keywords['enum']
    if (Array.isArray(values) && values.every(isScalar)) return new Set(values)
  }
  return undefined
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function mostTelling(tagged: readonly Tagged[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { tags } of tagged)
    for (const name of tags.keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  const [best] = [...counts].toSorted((a, b) => b[1] - a[1])
  return best !== undefined && best[1] > 1 ? best[0] : undefined
}

function byTag(
  name: string,
  tagged: readonly Tagged[],
  ofObjects: ReadonlySet<Branch>,
): (value: Readonly<Record<string, unknown>>) => readonly Branch[] {
  const open = tagged.filter(({ branch }) => ofObjects.has(branch))
  const pick = (test: (one: Tagged) => boolean): readonly Branch[] =>
    open.filter(test).map(({ branch }) => branch)
  const values = new Set(open.flatMap(({ tags }) => [...(tags.get(name) ?? [])]))
  const found = new Map(
    [...values].map((value) => [value, pick(({ tags }) => tags.get(name)?.has(value) !== false)]),
  )
  const untagged = pick(({ tags }) => !tags.has(name))
  const missing = pick(({ required }) => !required.has(name))
  return (value) => (Object.hasOwn(value, name) ? (found.get(value[name]) ?? untagged) : missing)
}
