import { SeededSet } from '../../base/seeded-set.ts'

/**
 * Which members of one object or array some schema has looked at: the annotations that
 * `unevaluatedProperties` and `unevaluatedItems` need (JSON Schema 2020-12 Core, section 11).
 * One is made for each place that asks, and one for each branch that may fail.
 */
export interface Marks {
  /** Names of evaluated properties; may repeat. */
  readonly names: string[]
  /** Names that were required but not described: enough for strictness, not for `unevaluatedProperties`. */
  readonly required: string[]
  /** Every property was evaluated. */
  everyName: boolean
  /** Some schema named properties, so the object is not free-form. */
  named: boolean
  /** Items before this index were evaluated. */
  prefix: number
  everyItem: boolean
  /** Single evaluated items, from `contains`. */
  readonly items: number[]
}

export function newMarks(): Marks {
  return {
    names: [],
    required: [],
    everyName: false,
    named: false,
    prefix: 0,
    everyItem: false,
    items: [],
  }
}

/** Adds what a successful branch has seen. */
export function mergeMarks(into: Marks, from: Marks): void {
  for (const name of from.names) into.names.push(name)
  for (const name of from.required) into.required.push(name)
  for (const item of from.items) into.items.push(item)
  into.everyName ||= from.everyName
  into.named ||= from.named
  into.everyItem ||= from.everyItem
  if (from.prefix > into.prefix) into.prefix = from.prefix
}

/** Above this many names a Set is quicker than a scan, and hostile objects stay linear. */
const SCAN_LIMIT = 16

/** Answers membership for the evaluated names, at most linear in the size of the object. */
export function nameTest(names: readonly string[]): (name: string) => boolean {
  if (names.length <= SCAN_LIMIT) return (name) => names.includes(name)
  const set = new SeededSet()
  for (const name of names) set.add(name)
  return (name) => set.has(name)
}
