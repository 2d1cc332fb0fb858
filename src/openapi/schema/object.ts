import { isObject } from './equal.ts'
import { strings } from './facts.ts'
import type { Marks } from './marks.ts'
import type { Builder, Check, Frame, Part } from './node.ts'
import { visit } from './node.ts'
import type { Pattern } from './pattern.ts'
import type { Site } from './resources.ts'
import type { Run } from './run.ts'
import { fail, failAt, trying } from './run.ts'
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
  readonly patterns: readonly (readonly [Pattern, Check])[]
  /** For names that neither `properties` nor `patternProperties` describe. */
  readonly additional: Check | undefined
  /** No other name may stand: `additionalProperties: false`, or an unknown field under strictness. */
  readonly closing: readonly [keyword: string, message: string] | undefined
  readonly names: boolean
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
  if (isOpen && entries.size === 0 && patterns.length === 0) return undefined
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
    names: entries.size > 0 || patterns.length > 0,
  }
  return patterns.length === 0 ? plainMembers(shape) : patternMembers(shape)
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

function compilePatterns(part: Part, builder: Builder): readonly (readonly [Pattern, Check])[] {
  const map = part.keywords['patternProperties']
  if (!isObject(map)) return []
  return Object.keys(map).map((source) => {
    const site = builder.resources.child(part.site, 'patternProperties', source)
    return [builder.pattern(source, site), memberCheck(site, part.frame, builder)] as const
  })
}

/** A property that travels only the other way is refused where it appears. */
function memberCheck(site: Site, frame: Frame, builder: Builder): Check {
  const keyword = builder.options.direction === 'request' ? 'readOnly' : 'writeOnly'
  const check = builder.value(site, frame)
  if (!builder.refusesHidden || builder.facts.access(site) !== keyword) return check
  const message = keyword === 'readOnly' ? 'must not be sent' : 'must not be returned'
  return (_, run) => fail(run, keyword, message)
}

/** One pass over the members; `for…in` makes no array of keys. */
function plainMembers(shape: Shape): Check {
  const { entries, additional, closing, required } = shape
  return (value, run, marks) => {
    if (!isObject(value)) return true
    let missing = required.length
    let ok = true
    for (const name in value) {
      if (!Object.hasOwn(value, name)) continue
      const entry = entries.get(name)
      if (entry !== undefined && entry.isRequired) missing--
      const check = entry?.check ?? additional
      if (check === undefined) {
        if (closing === undefined || (entry !== undefined && isKnownEnough(entry, closing)))
          continue
        ok = failAt(run, name, closing)
      } else if (!visit(check, value[name], name, run)) ok = false
      if (!ok && run.log === undefined) return false
    }
    if (missing > 0) ok = failMissing(value, required, run)
    if (marks !== undefined) markNames(shape, value, marks)
    return ok
  }
}

function patternMembers(shape: Shape): Check {
  const { entries, additional, closing, required, patterns } = shape
  return (value, run, marks) => {
    if (!isObject(value)) return true
    let ok = true
    for (const name of Object.keys(value)) {
      const entry = entries.get(name)
      let isNamed = entry !== undefined && isKnownEnough(entry, closing)
      if (entry?.check !== undefined) ok = visit(entry.check, value[name], name, run) && ok
      for (const [pattern, check] of patterns) {
        if (!pattern.test(name)) continue
        isNamed = true
        ok = visit(check, value[name], name, run) && ok
      }
      if (!isNamed && additional !== undefined) ok = visit(additional, value[name], name, run) && ok
      if (!isNamed && closing !== undefined) ok = failAt(run, name, closing)
      if (!ok && run.log === undefined) return false
    }
    if (required.some((name) => !Object.hasOwn(value, name))) ok = failMissing(value, required, run)
    if (marks !== undefined) markNames(shape, value, marks)
    return ok
  }
}

/** A name that is only required is known to strictness, but not to the specification's own keywords. */
function isKnownEnough(entry: Entry, closing: Shape['closing']): boolean {
  return entry.check !== undefined || closing === UNKNOWN_FIELD
}

function failMissing(value: object, required: readonly string[], run: Run): false {
  if (run.log === undefined) return false
  for (const name of required) {
    if (!Object.hasOwn(value, name)) failAt(run, name, MISSING)
  }
  return false
}

function markNames(shape: Shape, value: object, marks: Marks): void {
  marks.named ||= shape.names
  if (shape.additional !== undefined) {
    marks.everyName = true
    return
  }
  for (const name of Object.keys(value)) {
    const entry = shape.entries.get(name)
    if (entry?.check !== undefined || shape.patterns.some(([pattern]) => pattern.test(name))) {
      marks.names.push(name)
    } else if (entry !== undefined) marks.required.push(name)
  }
}

function compileNames(part: Part, builder: Builder): Check | undefined {
  if (part.keywords['propertyNames'] === undefined) return undefined
  const check = builder.value(builder.resources.child(part.site, 'propertyNames'), part.frame)
  return (value, run) => {
    if (!isObject(value)) return true
    const attempt = trying(run)
    let ok = true
    for (const name of Object.keys(value)) {
      if (check(name, attempt, undefined)) continue
      if (run.log === undefined) return false
      ok = failAt(run, name, ['propertyNames', 'has a name that is not allowed'])
    }
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
        if (!Object.hasOwn(value, need))
          ok = failAt(run, need, ['dependentRequired', 'is required'])
      }
    }
    return ok
  }
}
