import type { Choice, Kind } from '../schema/choice.ts'
import { acceptsKind, KINDS } from '../schema/choice.ts'
import type { Keywords } from '../schema/dialect.ts'
import { readNeeds } from '../schema/gate.ts'
import type { Needs } from '../schema/gate.ts'
import type { Builder } from '../schema/node.ts'
import type { Site } from '../schema/resources.ts'
import { isPlain } from './plain-text.ts'

/** The branch of objects, by the text of one of their properties. */
export interface Tagged {
  readonly property: string
  readonly branches: ReadonlyMap<string, Site>
}

/** Schemas of which a value surely meets no two, and has to meet one. */
export interface Union {
  /** By kind of value, where only one branch takes such. */
  readonly byKind: ReadonlyMap<Kind, Site>
  /** Where several take objects. */
  readonly tagged: Tagged | undefined
}

/** Keywords that may stand beside the branches. */
const BESIDE: ReadonlySet<string> = new Set(['oneOf', 'anyOf', 'discriminator'])

/**
 * Reads a schema that is nothing but `oneOf` or `anyOf`, as far as its branches are told apart by the kinds of values
 * they take, or by a discriminator or a property that has other constants in each; `undefined` for any other schema.
 */
export function readUnion(
  site: Site,
  builder: Builder,
  isSilent: (keyword: string) => boolean,
): Union | undefined {
  const keywords = builder.resources.keywords(site)
  const key = branchKey(keywords)
  const isBare = Object.keys(keywords).every((name) => BESIDE.has(name) || isSilent(name))
  if (key === undefined || !isBare) return undefined
  const branches = childrenOf(site, key, builder)
  const choice = builder.choices.of(site)
  if (choice !== undefined) return ofChoice(choice, builder)
  const taking = takersOf(branches, builder)
  const objects = taking.get('object') ?? []
  return {
    byKind: only(taking),
    tagged: objects.length > 1 ? taggedOf(objects, builder) : undefined,
  }
}

function branchKey(keywords: Keywords): 'oneOf' | 'anyOf' | undefined {
  const isOne = Array.isArray(keywords['oneOf'])
  if (isOne && keywords['anyOf'] !== undefined) return undefined
  if (isOne) return 'oneOf'
  return Array.isArray(keywords['anyOf']) && keywords['oneOf'] === undefined ? 'anyOf' : undefined
}

function childrenOf(site: Site, key: string, { resources }: Builder): readonly Site[] {
  const list = resources.keywords(site)[key]
  return Array.isArray(list) ? list.map((_, index) => resources.child(site, key, index)) : []
}

/** The branches that may take values of a kind. */
function takersOf(
  branches: readonly Site[],
  { resources }: Builder,
): ReadonlyMap<Kind, readonly Site[]> {
  return new Map(
    KINDS.map((kind) => [kind, branches.filter((branch) => acceptsKind(resources, branch, kind))]),
  )
}

function only(taking: ReadonlyMap<Kind, readonly Site[]>): ReadonlyMap<Kind, Site> {
  const found = new Map<Kind, Site>()
  for (const [kind, [first, ...more]] of taking)
    if (first !== undefined && more.length === 0) found.set(kind, first)
  return found
}

/** Objects are for the branch that the tag names; anything else is for branches that take no objects. */
function ofChoice(choice: Choice, builder: Builder): Union | undefined {
  const { kind, property, targets, others } = choice
  if (kind !== 'branches' || !isPlain(property)) return undefined
  return {
    byKind: only(takersOf(others, builder)),
    tagged: { property, branches: plainOnly(targets) },
  }
}

function plainOnly(branches: ReadonlyMap<string, Site>): ReadonlyMap<string, Site> {
  return new Map([...branches].filter(([tag]) => isPlain(tag)))
}

/** By a property for which each branch lists texts; a text that two branches list is left out. */
function taggedOf(objects: readonly Site[], builder: Builder): Tagged | undefined {
  const all = objects.map((site) => ({ site, needs: readNeeds(site, builder, []) }))
  const property = [...(all[0]?.needs.tags.keys() ?? [])].find(
    (name) => isPlain(name) && all.every(({ needs }) => needs.tags.has(name)),
  )
  if (property === undefined) return undefined
  const valuesOf = ({ tags }: Needs): readonly unknown[] => [...(tags.get(property) ?? [])]
  const branches = new Map<string, Site>()
  const shared = new Set<unknown>()
  for (const { site, needs } of all)
    for (const value of valuesOf(needs)) {
      if (typeof value !== 'string') continue
      if (branches.has(value)) shared.add(value)
      branches.set(value, site)
    }
  for (const value of shared) branches.delete(String(value))
  return { property, branches: plainOnly(branches) }
}
