import { isObject } from './equal.ts'
import { opensProperties, reach, strings } from './facts.ts'
import { steps } from './steps.ts'
import { describedTest, knownTest, mergeMarks, newMarks } from './marks.ts'
import type { Marks } from './marks.ts'
import type { Builder, Check, Part } from './node.ts'
import { visit } from './node.ts'
import { UNKNOWN_FIELD } from './object.ts'
import type { Pattern } from './pattern.ts'
import type { Site } from './resources.ts'
import type { Run } from './run.ts'
import { FEW_NAMES, failAt, isSettled, namesOf } from './run.ts'

/** Adds `unevaluatedProperties` and `unevaluatedItems` to the check of all other keywords of the schema. */
export function withUnevaluated(part: Part, builder: Builder, check: Check): Check {
  const { keywords, site, frame } = part
  const compile = (key: string): Check | undefined =>
    keywords[key] === undefined
      ? undefined
      : builder.value(builder.resources.child(site, key), frame)
  const properties =
    keywords['unevaluatedProperties'] === false ? UNKNOWN : compile('unevaluatedProperties')
  const items = compile('unevaluatedItems')
  if (properties === undefined && items === undefined) return check
  const itemLoop = items === undefined ? undefined : compileItemLoop(items)
  const nameLoop = properties === undefined ? undefined : compileNameLoop(properties)
  return (value, run, outer) => {
    if (typeof value !== 'object' || value === null) return check(value, run, outer)
    const marks = newMarks(value, run)
    let ok = check(value, run, marks)
    if (!ok && isSettled(run)) return false
    if (Array.isArray(value)) {
      if (itemLoop !== undefined && !marks.everyItem) ok = itemLoop(value, run, marks) && ok
      marks.everyItem ||= items !== undefined
    } else if (nameLoop !== undefined) {
      if (!marks.everyName) ok = nameLoop(value, run, describedTest(marks)) && ok
      marks.everyName = true
    }
    if (outer !== undefined) mergeMarks(outer, marks)
    return ok
  }
}

type MemberCheck = Check | typeof UNKNOWN_FIELD
const UNKNOWN: MemberCheck = UNKNOWN_FIELD

/** Checks the items of an array that no schema has looked at. */
function compileItemLoop(
  check: Check,
): (items: readonly unknown[], run: Run, marks: Marks) => boolean {
  const loop = {}
  return (items, run, { prefix, items: looked }) => {
    const { slices } = run
    const found = new Uint8Array(looked === undefined ? 0 : items.length)
    for (const item of looked ?? []) found[item] = 1
    let ok = true
    for (let i = Math.max(prefix, slices?.doneOf(items, loop) ?? 0); i < items.length; i++) {
      if (found[i] === 1) continue
      if (slices?.ends() !== true && visit(check, items[i], i, run)) continue
      if (slices?.isOver === true) slices.note(items, loop, i)
      if (isSettled(run)) return false
      ok = false
    }
    if (items.length > FEW_NAMES) slices?.note(items, loop, items.length)
    return ok
  }
}

/** Checks the members of an object that no schema has looked at. */
function compileNameLoop(
  check: MemberCheck,
): (value: object, run: Run, isEvaluated: (name: string) => boolean) => boolean {
  const loop = {}
  const checkOne = (value: object, name: string, run: Run): boolean =>
    typeof check === 'function'
      ? visit(check, (value as Record<string, unknown>)[name], name, run)
      : failAt(run, name, check)
  return (value, run, isEvaluated) => {
    const { slices } = run
    const names = namesOf(value, run)
    let ok = true
    for (let i = slices?.doneOf(value, loop) ?? 0; i < names.length; i++) {
      const name = names[i] ?? ''
      if (isEvaluated(name)) continue
      if (slices?.ends() !== true && checkOne(value, name, run)) continue
      if (slices?.isOver === true) slices.note(value, loop, i)
      if (isSettled(run)) return false
      ok = false
    }
    if (names.length > FEW_NAMES) slices?.note(value, loop, names.length)
    return ok
  }
}

/** What strictness adds to one place in the value. */
export type Closure =
  | { readonly kind: 'open' }
  /** The schema's own keywords name everything. */
  | { readonly kind: 'own' }
  | {
      readonly kind: 'names'
      readonly names: ReadonlySet<string>
      readonly patterns: readonly Pattern[]
    }
  /** Which names are known depends on the value. */
  | { readonly kind: 'dynamic' }

const BRANCHING = ['anyOf', 'oneOf', 'if', 'dependentSchemas', 'dependencies', '$dynamicRef']

/** Decides at compile time as much as can be known about which properties a place has. */
export function closureOf(part: Part, builder: Builder): Closure {
  const { site, keywords, frame } = part
  if (!frame.variant.closed || !builder.facts.of(site).names) return { kind: 'open' }
  const own = steps(builder.resources, site, keywords).length === 0
  if (own && builder.choices.of(site) === undefined) return { kind: 'own' }
  const names = new Set<string>()
  const patterns: Pattern[] = []
  for (const { site: at, keywords: words, isConditional } of reach(builder.resources, site)) {
    const matters = BRANCHING.some(
      (key) => words[key] !== undefined && branchesMatter(builder, at, key),
    )
    if (matters || isChoosing(builder, at, frame.variant.chosen)) return { kind: 'dynamic' }
    if (isConditional) continue
    if (opensProperties(words) || words['unevaluatedProperties'] === false) return { kind: 'open' }
    for (const name of strings(words['required'])) names.add(name)
    if (isObject(words['properties']))
      for (const name of Object.keys(words['properties'])) names.add(name)
    if (!isObject(words['patternProperties'])) continue
    for (const source of Object.keys(words['patternProperties']))
      patterns.push(builder.pattern(source, at))
  }
  return { kind: 'names', names, patterns }
}

function isChoosing(builder: Builder, site: Site, chosen: readonly object[]): boolean {
  if (builder.choices.of(site) === undefined) return false
  return !isObject(site.schema) || !chosen.includes(site.schema)
}

/** Branches that neither name nor open properties do not change which are known. */
function branchesMatter(builder: Builder, site: Site, key: string): boolean {
  const { resources, facts } = builder
  if (key === '$dynamicRef') return true
  const value = resources.keywords(site)[key]
  const branches =
    key === 'if'
      ? ['if', 'then', 'else'].map((side) => resources.child(site, side))
      : Object.keys(Object(value)).map((name) => resources.child(site, key, name))
  return branches.some((branch) => facts.of(branch).names || facts.of(branch).opens)
}

/** Refuses the members of an object that no schema named. */
export function withClosure(closure: Closure, check: Check): Check {
  if (closure.kind === 'open' || closure.kind === 'own') return check
  if (closure.kind === 'dynamic') return closedByMarks(check)
  const { names, patterns } = closure
  return (value, run, marks) => {
    const ok = check(value, run, marks)
    if (!ok && isSettled(run)) return false
    if (!isObject(value)) return ok
    let closed = true
    const present = Object.keys(value)
    for (let i = 0; i < present.length; i++) {
      const name = present[i] ?? ''
      if (names.has(name)) continue
      if (patterns.some((pattern) => pattern.test(name, run.work))) continue
      closed = failAt(run, name, UNKNOWN_FIELD)
      if (isSettled(run)) return false
    }
    return ok && closed
  }
}

function closedByMarks(check: Check): Check {
  const nameLoop = compileNameLoop(UNKNOWN)
  return (value, run, outer) => {
    if (!isObject(value)) return check(value, run, outer)
    const marks = newMarks(value, run)
    const ok = check(value, run, marks)
    if (!ok && isSettled(run)) return false
    if (outer !== undefined) mergeMarks(outer, marks)
    // After a failed branch nobody knows what it would have named, so only the failure is told.
    if (!ok || marks.everyName || !marks.named) return ok
    return nameLoop(value, run, knownTest(marks))
  }
}
