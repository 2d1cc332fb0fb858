import { isObject } from './equal.ts'
import { strings } from './facts.ts'
import type { KnownNames, Marks } from './marks.ts'
import { noteKnown, noteName } from './marks.ts'
import type { Builder, Check, Frame, Part } from './node.ts'
import { PASS, visit } from './node.ts'
import { joinNamePatterns, patternsFor } from './name-patterns.ts'
import type { NamePattern, NamePatterns } from './name-patterns.ts'
import type { Site } from './resources.ts'
import type { Run } from './run.ts'
import { FEW_NAMES, fail, failAt, isSettled, keepNames, namesOf, trying } from './run.ts'
import { count } from './scalar.ts'

/** What an object schema says about one name. */
interface Entry {
  /** `undefined` when the name is only required here, not described. */
  readonly check: Check | undefined
  readonly isRequired: boolean
}

interface Shape {
  readonly entries: ReadonlyMap<string, Entry>
  readonly required: readonly string[]
  readonly patterns: NamePatterns
  /** For names that neither `properties` nor `patternProperties` describe. */
  readonly additional: Check | undefined
  /** No other name may stand: `additionalProperties: false`, or an unknown field under strictness. */
  readonly closing: readonly [keyword: string, message: string] | undefined
  /** The names of `entries`; `undefined` where the schema names nothing. */
  readonly known: KnownNames | undefined
}

const MISSING = ['required', 'is required'] as const
/** What a field that no schema names is refused with. */
export const UNKNOWN_FIELD = ['unevaluatedProperties', 'unknown field'] as const

/**
 * Compiles the keywords for objects, but for `unevaluatedProperties` and those that apply schemas in place.
 * `isClosed`: no schema beside this one names properties of the value, so it may refuse unknown ones by itself.
 */
export function compileObject(part: Part, builder: Builder, isClosed: boolean): readonly Check[] {
  return [
    compileSize(part),
    compileMembers(part, builder, isClosed),
    compileNames(part, builder),
    compileDependencies(part),
  ].filter((check) => check !== undefined)
}

function compileSize(part: Part): Check | undefined {
  const min = count(part.keywords['minProperties']) ?? 0
  const max = count(part.keywords['maxProperties']) ?? Infinity
  if (min === 0 && max === Infinity) return undefined
  return (value, run) => {
    if (!isObject(value)) return true
    const size = Object.keys(value).length
    if (size > max) return fail(run, 'maxProperties', `must have at most ${max} fields`)
    return size >= min || fail(run, 'minProperties', `must have at least ${min} fields`)
  }
}

function compileMembers(part: Part, builder: Builder, isClosed: boolean): Check | undefined {
  const { keywords, site, frame } = part
  const isOpen = !isClosed && keywords['additionalProperties'] === undefined
  const entries = compileEntries(part, builder)
  const patterns = compilePatterns(part, builder)
  if (isOpen && entries.size === 0 && patterns.all.length === 0) return undefined
  const extra = keywords['additionalProperties']
  const shape: Shape = {
    entries,
    required: [...entries].filter(([, entry]) => entry.isRequired).map(([name]) => name),
    patterns,
    additional:
      extra === undefined || extra === false
        ? undefined
        : memberCheck(builder.resources.child(site, 'additionalProperties'), frame, builder),
    closing: closingOf(extra, isClosed),
    known: entries.size > 0 || patterns.all.length > 0 ? knownOf(entries) : undefined,
  }
  if (patterns.all.length > 0) return patternMembers(shape)
  return shape.additional === PASS && entries.size === 0 ? markAll(shape) : plainMembers(shape)
}

function knownOf(entries: Shape['entries']): KnownNames {
  const namesWhere = (isDescribed: boolean): ReadonlySet<string> =>
    new Set(
      [...entries].flatMap(([name, { check }]) =>
        (check !== undefined) === isDescribed ? name : [],
      ),
    )
  return { described: namesWhere(true), required: namesWhere(false) }
}

/** Any member may stand: there is nothing to look at. */
function markAll(shape: Shape): Check {
  return (value, run, marks) => {
    if (marks !== undefined && isObject(value)) markNames(shape, value, { run, marks })
    return true
  }
}

function closingOf(extra: unknown, isClosed: boolean): Shape['closing'] {
  if (extra === false) return ['additionalProperties', 'unknown field']
  return extra === undefined && isClosed ? UNKNOWN_FIELD : undefined
}

function compileEntries(part: Part, builder: Builder): ReadonlyMap<string, Entry> {
  const { keywords, site, frame } = part
  const required = new Set(strings(keywords['required']))
  for (const name of frame.variant.exempt) required.delete(name)
  const entries = new Map<string, Entry>()
  const properties = keywords['properties']
  if (isObject(properties)) {
    for (const name of Object.keys(properties)) {
      const check = memberCheck(builder.resources.child(site, 'properties', name), frame, builder)
      entries.set(name, { check, isRequired: required.has(name) })
    }
  }
  for (const name of required) {
    if (!entries.has(name)) entries.set(name, { check: undefined, isRequired: true })
  }
  return entries
}

function compilePatterns(part: Part, builder: Builder): NamePatterns {
  const map = part.keywords['patternProperties']
  const list = Object.keys(isObject(map) ? map : {}).map((source): NamePattern => {
    const site = builder.resources.child(part.site, 'patternProperties', source)
    return [builder.pattern(source, site), memberCheck(site, part.frame, builder)]
  })
  return joinNamePatterns(list)
}

/** A property that travels only the other way is refused where it appears. */
function memberCheck(site: Site, frame: Frame, builder: Builder): Check {
  const keyword = builder.options.direction === 'request' ? 'readOnly' : 'writeOnly'
  const check = builder.value(site, frame)
  if (!builder.refusesHidden || builder.facts.access(site) !== keyword) return check
  const message = keyword === 'readOnly' ? 'must not be sent' : 'must not be returned'
  return (_, run) => fail(run, keyword, message)
}

/** In place of a loop: the quick look at an object was interrupted by the end of a slice. */
const INTERRUPTED = {}

function plainMembers(shape: Shape): Check {
  return (value, run, marks) => {
    if (!isObject(value)) return true
    const { slices } = run
    const isQuick =
      run.log === undefined &&
      run.large?.has(value) !== true &&
      slices?.doneOf(value, INTERRUPTED) !== 1
    const verdict = isQuick ? quickMembers(shape, value, run) : undefined
    // Where a slice ended inside, the next one goes on from the member where it was.
    if (isQuick && slices?.isOver === true) slices.note(value, INTERRUPTED, 1)
    const ok = verdict ?? slowMembers(shape, value, run)
    if (!ok && isSettled(run)) return false
    if (marks !== undefined) markNames(shape, value, { run, marks })
    return ok
  }
}

/**
 * What nearly all objects get: one pass, where nothing is noted. `undefined` where there are many members of which the
 * shape names few. The engine has the list of names at hand for objects it has seen the like of: to go through it costs
 * a third of `for…in`, which asks of each name whether it is still there.
 */
function quickMembers(
  { entries, additional, closing, required }: Shape,
  value: Members,
  run: Run,
): boolean | undefined {
  const names = Object.keys(value)
  if (names.length > FEW_NAMES) {
    // Of an object with many names other open shapes will ask as well: those are listed once. And a slice may end in one.
    const isBounded =
      run.slices !== undefined || (additional === undefined && closing === undefined)
    if (isBounded) return keepNames(value, names, run)
  }
  let missing = required.length
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ''
    const entry = entries.get(name)
    if (entry !== undefined && entry.isRequired) missing--
    const check = entry?.check ?? additional
    if (check !== undefined) {
      if (!check(value[name], run, undefined)) return false
    } else if (closing !== undefined && (entry === undefined || !isKnownEnough(entry, closing)))
      return false
  }
  return missing === 0
}

function slowMembers(shape: Shape, value: Members, run: Run): boolean {
  const { required } = shape
  const isOpen = shape.additional === undefined && shape.closing === undefined
  // An earlier look has shown that there are many names: of those, an open shape asks only for its own.
  const isLarge = run.large?.has(value) === true
  const ok = isLarge && isOpen ? ownMembers(shape, value, run) : allMembers(shape, value, run)
  if (!ok && isSettled(run)) return false
  return (hasAll(value, required) || failMissing(value, required, run)) && ok
}

type Members = Readonly<Record<string, unknown>>

function allMembers(shape: Shape, value: Members, run: Run): boolean {
  const { slices } = run
  const names = namesOf(value, run)
  let ok = true
  for (let i = slices?.doneOf(value, shape) ?? 0; i < names.length; i++) {
    if (slices?.ends() !== true && checkMember(shape, value, names[i] ?? '', run)) continue
    if (slices?.isOver === true) slices.note(value, shape, i)
    if (isSettled(run)) return false
    ok = false
  }
  if (names.length > FEW_NAMES) slices?.note(value, shape, names.length)
  return ok
}

function checkMember(shape: Shape, value: Members, name: string, run: Run): boolean {
  const entry = shape.entries.get(name)
  const check = entry?.check ?? shape.additional
  if (check !== undefined) return visit(check, value[name], name, run)
  const { closing } = shape
  if (closing === undefined || (entry !== undefined && isKnownEnough(entry, closing))) return true
  return failAt(run, name, closing)
}

function ownMembers({ entries }: Shape, value: Members, run: Run): boolean {
  let ok = true
  for (const [name, { check }] of entries) {
    if (check === undefined || !Object.hasOwn(value, name)) continue
    if (visit(check, value[name], name, run)) continue
    if (isSettled(run)) return false
    ok = false
  }
  return ok
}

function patternMembers(shape: Shape): Check {
  const { required } = shape
  return (value, run, marks) => {
    if (!isObject(value)) return true
    const { slices } = run
    const names = namesOf(value, run)
    let ok = true
    for (let i = slices?.doneOf(value, shape) ?? 0; i < names.length; i++) {
      if (slices?.ends() !== true && checkByPattern(shape, value, names[i] ?? '', run)) continue
      if (slices?.isOver === true) slices.note(value, shape, i)
      if (isSettled(run)) return false
      ok = false
    }
    if (names.length > FEW_NAMES) slices?.note(value, shape, names.length)
    if (!hasAll(value, required)) ok = failMissing(value, required, run)
    if (marks !== undefined) markNames(shape, value, { run, marks })
    return ok
  }
}

function checkByPattern(shape: Shape, value: Members, name: string, run: Run): boolean {
  const { entries, additional, closing } = shape
  const entry = entries.get(name)
  let ok = true
  let isNamed = entry !== undefined && isKnownEnough(entry, closing)
  if (entry?.check !== undefined) ok = visit(entry.check, value[name], name, run)
  for (const [pattern, check] of patternsFor(shape.patterns, name)) {
    if (pattern?.test(name, run.work) === false) continue
    isNamed = true
    ok = visit(check, value[name], name, run) && ok
  }
  if (!isNamed && additional !== undefined) ok = visit(additional, value[name], name, run) && ok
  if (!isNamed && closing !== undefined) ok = failAt(run, name, closing)
  return ok
}

/** A name that is only required is known to strictness, but not to the specification's own keywords. */
function isKnownEnough(entry: Entry, closing: Shape['closing']): boolean {
  return entry.check !== undefined || closing === UNKNOWN_FIELD
}

function hasAll(value: object, names: readonly string[]): boolean {
  for (const name of names) if (!Object.hasOwn(value, name)) return false
  return true
}

function failMissing(value: object, required: readonly string[], run: Run): false {
  if (run.log === undefined) return false
  for (const name of required) {
    if (!Object.hasOwn(value, name)) failAt(run, name, MISSING)
  }
  return false
}

interface Marking {
  readonly run: Run
  readonly marks: Marks
}

function markNames(shape: Shape, value: object, { run, marks }: Marking): void {
  const { known, patterns } = shape
  marks.named ||= known !== undefined
  if (shape.additional !== undefined) {
    marks.everyName = true
    return
  }
  if (known === undefined) return
  noteKnown(marks, known)
  if (patterns.all.length === 0) return
  for (const name of namesOf(value, run)) {
    if (known.described.has(name)) continue
    if (patternsFor(patterns, name).some(([one]) => one?.test(name, run.work) !== false))
      noteName(marks, name, true)
  }
}

function compileNames(part: Part, builder: Builder): Check | undefined {
  if (part.keywords['propertyNames'] === undefined) return undefined
  const check = builder.value(builder.resources.child(part.site, 'propertyNames'), part.frame)
  return (value, run) => {
    if (!isObject(value)) return true
    const attempt = trying(run)
    const { slices } = run
    const names = namesOf(value, run)
    let ok = true
    for (let i = slices?.doneOf(value, check) ?? 0; i < names.length; i++) {
      const name = names[i] ?? ''
      if (slices?.ends() !== true) {
        if (check(name, attempt, undefined)) continue
        ok = failAt(run, name, ['propertyNames', 'has a name that is not allowed'])
      } else slices?.note(value, check, i)
      if (isSettled(run)) return false
    }
    if (names.length > FEW_NAMES) slices?.note(value, check, names.length)
    return ok
  }
}

/** `dependentRequired`, and the arrays of the older `dependencies`. */
function compileDependencies(part: Part): Check | undefined {
  const rules: [string, readonly string[]][] = []
  for (const keyword of ['dependentRequired', 'dependencies']) {
    const map = part.keywords[keyword]
    if (!isObject(map)) continue
    for (const [name, needs] of Object.entries(map)) {
      if (Array.isArray(needs)) rules.push([name, strings(needs)])
    }
  }
  if (rules.length === 0) return undefined
  return (value, run) => {
    if (!isObject(value)) return true
    let ok = true
    for (const [name, needs] of rules) {
      if (!Object.hasOwn(value, name)) continue
      for (const need of needs) {
        if (Object.hasOwn(value, need)) continue
        ok = failAt(run, need, ['dependentRequired', 'is required'])
        if (isSettled(run)) return false
      }
    }
    return ok
  }
}
