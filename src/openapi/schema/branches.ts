import type { Kind } from './choice.ts'
import { acceptsKind, KINDS, kindOf } from './choice.ts'
import { isObject } from './equal.ts'
import { compileGates, compileTagFinder, NO_NEEDS, readNeeds, scalarsOf } from './gate.ts'
import type { Gate, Needs } from './gate.ts'
import { always } from './facts.ts'
import type { Builder, Check, Frame } from './node.ts'
import type { Pattern } from './pattern.ts'
import { compilePatternSet } from './pattern-set.ts'
import type { Site } from './resources.ts'

/** One schema of `anyOf` or `oneOf`. */
export interface Branch {
  readonly check: Check
  /** Kinds of values that it may accept. */
  readonly kinds: ReadonlySet<Kind>
  /** What it asks of objects. */
  readonly needs: Needs
  /** The only values it may accept, where all are scalars. */
  readonly values: ReadonlySet<unknown> | undefined
  /** Asked before `check` where others may hold as well. */
  readonly gate: Gate | undefined
  /** What every text that it accepts must match. */
  readonly pattern: Pattern | undefined
}

/** The branches that a value may meet; of the others it is known that they do not hold. */
export type BranchFinder = (value: unknown) => readonly Branch[]

const FEW: readonly Branch[] = []

/**
 * Finds branches by the kind of the value, by the value where it is a scalar that branches name, and by the one
 * property whose values tell most of them apart: what a discriminator would have said; texts by their patterns. Without
 * it a list of objects would try every branch for every item.
 */
export function compileBranchFinder(branches: readonly Branch[]): BranchFinder {
  const byKind = byKindOf(branches)
  const objects = byKind.get('object') ?? FEW
  const ofObject = compileTagFinder(objects)
  const ofScalar = byScalar(branches)
  const ofText = ofScalar === undefined ? byPattern(byKind.get('string') ?? FEW) : undefined
  return (value) => {
    if (isObject(value)) return ofObject === undefined ? objects : ofObject(value)
    if (ofText !== undefined && typeof value === 'string') return ofText(value)
    return ofScalar === undefined ? (byKind.get(kindOf(value)) ?? FEW) : ofScalar(value)
  }
}

/** The branches of a list, with what is known of the values they may accept. */
export function toBranches(
  sites: readonly Site[],
  builder: Builder,
  frame: Frame,
): readonly Branch[] {
  const all = sites.map((site) => readNeeds(site, builder, frame.variant.exempt))
  const gates = compileGates(all)
  return sites.map((site, index) => {
    const needs = all[index] ?? NO_NEEDS
    return {
      check: builder.branch(site, frame),
      kinds: new Set(KINDS.filter((kind) => acceptsKind(builder.resources, site, kind))),
      needs,
      values: scalarsOf(site, builder.resources),
      gate: gates[index],
      pattern: patternOf(site, builder),
    }
  })
}

function patternOf(site: Site, builder: Builder): Pattern | undefined {
  for (const { site: at, keywords } of always(builder.resources, site)) {
    const source = keywords['pattern']
    if (typeof source === 'string') return builder.pattern(source, at)
  }
  return undefined
}

function byKindOf(branches: readonly Branch[]): ReadonlyMap<Kind, readonly Branch[]> {
  return new Map(KINDS.map((kind) => [kind, branches.filter(({ kinds }) => kinds.has(kind))]))
}

/** Where branches are constants, as in an enumeration with a title for each. */
function byScalar(branches: readonly Branch[]): BranchFinder | undefined {
  const named = branches.filter(({ values }) => values !== undefined)
  if (named.length < 2) return undefined
  const found = new Map<unknown, readonly Branch[]>()
  for (const value of new Set(named.flatMap(({ values }) => [...(values ?? [])])))
    found.set(
      value,
      branches.filter(
        ({ kinds, values }) => kinds.has(kindOf(value)) && values?.has(value) !== false,
      ),
    )
  const unnamed = byKindOf(branches.filter(({ values }) => values === undefined))
  return (value) => found.get(value) ?? unnamed.get(kindOf(value)) ?? FEW
}

/** Where branches are texts of different forms: none is tried whose pattern does not match. */
function byPattern(texts: readonly Branch[]): ((text: string) => readonly Branch[]) | undefined {
  const patterns = texts.map(({ pattern }) => pattern)
  const set = compilePatternSet(patterns, (verdicts) =>
    texts.filter((_, index) => verdicts[index] !== 'no'),
  )
  return set === undefined ? undefined : (text) => set.judge(text) ?? texts
}
