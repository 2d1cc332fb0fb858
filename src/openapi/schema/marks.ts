import { SeededSet } from '../../base/seeded-set.ts'
import type { Run } from './run.ts'
import { namesOf } from './run.ts'

/** The names that one schema knows. */
export interface KnownNames {
  readonly described: ReadonlySet<string>
  /** Only required: enough for strictness, not for `unevaluatedProperties`. */
  readonly required: ReadonlySet<string>
}

/**
 * Which members of one object or array some schema has looked at: the annotations that
 * `unevaluatedProperties` and `unevaluatedItems` need (JSON Schema 2020-12 Core, section 11).
 * One is made for each place that asks, and one for each branch that may fail.
 */
export interface Marks {
  readonly value: object
  readonly run: Run
  /** Names of evaluated properties; may repeat. */
  names: string[] | undefined
  /** Names that were required but not described. */
  required: string[] | undefined
  /** What schemas know, whether the object has it or not; at most `MAX_KNOWN`. */
  known: readonly KnownNames[]
  /** Every property was evaluated. */
  everyName: boolean
  /** Some schema named properties, so the object is not free-form. */
  named: boolean
  /** Items before this index were evaluated. */
  prefix: number
  everyItem: boolean
  /** Single evaluated items, from `contains`. */
  items: number[] | undefined
}

const NOTHING = {}
const NONE: readonly KnownNames[] = []
/** Each name is looked up in so many sets at most; further ones are noted name by name. */
const MAX_KNOWN = 4

/** Nothing of a value was looked at. */
export function newMarks(value: unknown, run: Run): Marks {
  return {
    value: typeof value === 'object' && value !== null ? value : NOTHING,
    run,
    names: undefined,
    required: undefined,
    known: NONE,
    everyName: false,
    named: false,
    prefix: 0,
    everyItem: false,
    items: undefined,
  }
}

/** Notes one name of the object. */
export function noteName(marks: Marks, name: string, isDescribed: boolean): void {
  if (isDescribed) (marks.names ??= []).push(name)
  else (marks.required ??= []).push(name)
}

/** Notes those names of the object that a schema knows. */
export function noteKnown(marks: Marks, known: KnownNames): void {
  if (marks.known.length < MAX_KNOWN) {
    marks.known = marks.known.length === 0 ? [known] : [...marks.known, known]
    return
  }
  noteEach(marks, known.described, true)
  noteEach(marks, known.required, false)
}

/** Takes the shorter way: a schema may know thousands of names, and an object may have as many. */
function noteEach(marks: Marks, known: ReadonlySet<string>, isDescribed: boolean): void {
  if (known.size === 0) return
  const names = namesOf(marks.value, marks.run)
  if (names.length < known.size) {
    for (const name of names) if (known.has(name)) noteName(marks, name, isDescribed)
  } else
    for (const name of known)
      if (Object.hasOwn(marks.value, name)) noteName(marks, name, isDescribed)
}

/** Adds what a successful branch has seen of the same value. */
export function mergeMarks(into: Marks, from: Marks): void {
  if (from.names !== undefined) for (const name of from.names) noteName(into, name, true)
  if (from.required !== undefined) for (const name of from.required) noteName(into, name, false)
  if (from.items !== undefined) for (const item of from.items) noteItem(into, item)
  for (const known of from.known) noteKnown(into, known)
  into.everyName ||= from.everyName
  into.named ||= from.named
  into.everyItem ||= from.everyItem
  if (from.prefix > into.prefix) into.prefix = from.prefix
}

/** Notes one item of an array. */
export function noteItem(marks: Marks, index: number): void {
  ;(marks.items ??= []).push(index)
}

type NameTest = (name: string) => boolean

/** Above this many names a Set is quicker than a scan, and hostile objects stay linear. */
const SCAN_LIMIT = 16

/** Whether a name was described: what `unevaluatedProperties` asks. */
export function describedTest({ names, known }: Marks): NameTest {
  const isListed = names === undefined ? undefined : listTest(names)
  return (name) => {
    for (const { described } of known) if (described.has(name)) return true
    return isListed?.(name) === true
  }
}

/** Whether a name was described or required: what strictness asks. */
export function knownTest(marks: Marks): NameTest {
  const { required, known } = marks
  const isDescribed = describedTest(marks)
  const isListed = required === undefined ? undefined : listTest(required)
  return (name) => {
    if (isDescribed(name) || isListed?.(name) === true) return true
    for (const one of known) if (one.required.has(name)) return true
    return false
  }
}

/** Answers membership, at most linear in the size of the object. */
function listTest(names: readonly string[]): NameTest {
  if (names.length <= SCAN_LIMIT) return (name) => names.includes(name)
  const set = new SeededSet()
  for (const name of names) set.add(name)
  return (name) => set.has(name)
}
