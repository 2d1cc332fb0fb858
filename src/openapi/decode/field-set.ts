import type { QueryPair } from '../../http/query.ts'
import { readDeep, splitBrackets } from './deep-object.ts'
import type { DeepEntry } from './deep-object.ts'
import { compileField } from './field.ts'
import type { FieldReader, FieldSpec } from './field.ts'
import { Unreadable } from './scalar.ts'
import { readObject } from './structure.ts'

/** What a set of fields found in a query or form. */
export interface FoundFields {
  /** By position of the field in the set: possible readings, why there is none, or `undefined` where it is absent. */
  readonly readings: readonly (readonly unknown[] | Unreadable | undefined)[]
  /** By position: the field came once, without a value (`?flag` or `?flag=`). */
  readonly isEmpty: readonly boolean[]
  /** Pairs that belong to no field. */
  readonly unknown: readonly QueryPair[]
}

/** Sorts the pairs of a query or form into the fields that are declared, and reads them. Never throws. */
export type FieldSet = (pairs: readonly QueryPair[]) => FoundFields

type Target =
  /** The name itself is the field. */
  | { readonly kind: 'whole'; readonly index: number }
  /** The name is a property of a field that is an exploded object. */
  | { readonly kind: 'member'; readonly index: number }

interface Plan {
  readonly specs: readonly FieldSpec[]
  readonly readers: readonly FieldReader[]
  readonly exact: ReadonlyMap<string, Target>
  /** Positions of `deepObject` fields by name. */
  readonly deep: ReadonlyMap<string, number>
  /** The exploded object that takes names nobody else declares. */
  readonly open: number | undefined
}

/** Compiles a set of fields that share one query or form. */
export function compileFieldSet(specs: readonly FieldSpec[]): FieldSet {
  const plan = makePlan(specs)
  return (pairs) => {
    const gathered = gather(plan, pairs)
    const readings = specs.map((_, index) => readAt(plan, gathered, index))
    const isEmpty = specs.map((_, index) => {
      const raw = gathered.raw[index]
      return raw !== undefined && raw.length === 1 && raw[0] === ''
    })
    return { readings, isEmpty, unknown: gathered.unknown }
  }
}

function isExplodedObject(spec: FieldSpec): boolean {
  const spreads = spec.style === 'form' && spec.explode && spec.form === 'styled'
  return (
    spreads &&
    spec.type.object !== undefined &&
    spec.type.items === undefined &&
    spec.type.scalars.length === 0
  )
}

function makePlan(specs: readonly FieldSpec[]): Plan {
  const exact = new Map<string, Target>()
  const deep = new Map<string, number>()
  let open: number | undefined
  for (const [index, spec] of specs.entries()) {
    if (isExplodedObject(spec)) {
      for (const name of spec.type.object?.properties.keys() ?? []) {
        if (!exact.has(name)) exact.set(name, { kind: 'member', index })
      }
      if (spec.type.object?.isOpen === true) open ??= index
    } else {
      exact.set(spec.name, { kind: 'whole', index })
      if (spec.style === 'deepObject') deep.set(spec.name, index)
    }
  }
  return { specs, readers: specs.map(compileField), exact, deep, open }
}

interface Gathered {
  /** Raw texts by position; for `deepObject` decoded ones stand in `entries`. */
  readonly raw: (string[] | undefined)[]
  /** The last decoded text by position. */
  readonly decoded: (string | undefined)[]
  readonly entries: (DeepEntry[] | undefined)[]
  readonly members: ([string, string][] | undefined)[]
  readonly unknown: QueryPair[]
}

function gather(plan: Plan, pairs: readonly QueryPair[]): Gathered {
  const gathered: Gathered = { raw: [], decoded: [], entries: [], members: [], unknown: [] }
  for (const pair of pairs) {
    const [name, value, rawValue] = pair
    const target = plan.exact.get(name)
    if (target?.kind === 'whole') {
      ;(gathered.raw[target.index] ??= []).push(rawValue)
      gathered.decoded[target.index] = value
      if (plan.deep.has(name))
        (gathered.entries[target.index] ??= []).push({ keys: [], text: value })
    } else if (target !== undefined) (gathered.members[target.index] ??= []).push([name, value])
    else if (!addDeep(plan, gathered, pair)) gathered.unknown.push(pair)
  }
  return gathered
}

function addDeep(plan: Plan, gathered: Gathered, [name, value]: QueryPair): boolean {
  const split = plan.deep.size === 0 ? undefined : splitBrackets(name)
  const index = split === undefined ? undefined : plan.deep.get(split.base)
  if (split !== undefined && index !== undefined) {
    ;(gathered.entries[index] ??= []).push({ keys: split.keys, text: value })
    return true
  }
  if (plan.open === undefined) return false
  ;(gathered.members[plan.open] ??= []).push([name, value])
  return true
}

function readAt(
  plan: Plan,
  gathered: Gathered,
  index: number,
): readonly unknown[] | Unreadable | undefined {
  const spec = plan.specs[index]
  if (spec === undefined) return undefined
  const members = gathered.members[index]
  if (members !== undefined && spec.type.object !== undefined)
    return asReadings(readObject(members, spec.type.object))
  const entries = gathered.entries[index]
  if (entries !== undefined) return asReadings(readDeep(entries, spec.type))
  const raw = gathered.raw[index]
  if (raw === undefined) return undefined
  return plan.readers[index]?.(raw, raw.length === 1 ? gathered.decoded[index] : undefined)
}

function asReadings(value: unknown): readonly unknown[] | Unreadable {
  return value instanceof Unreadable ? value : [value]
}
