import type { Parameter } from '../model.ts'
import type { Validate } from '../schema/contract.ts'
import type { DecodedParameters, FaultPlace, ParameterInput } from './contract.ts'
import type { FieldSpec } from './field.ts'
import { readScalar } from './scalar.ts'
import type { ScalarKind } from './text-type.ts'

/** A parameter as far as the short way needs it. */
export interface PlainEntry {
  readonly parameter: Parameter
  readonly spec: FieldSpec
  /** Name under which the value stands: lower case for headers. */
  readonly key: string
  readonly validate: Validate | undefined
}

/** Reads requests in which nothing is special; `undefined`: let the full decoder look and say what is wrong. */
export type PlainReader = (input: ParameterInput) => DecodedParameters | undefined

type Values = Record<string, unknown>

/**
 * An object that inherits nothing. The engine keeps what `Object.create(null)` makes as a hash table, which costs five
 * times as much for the few names of an operation.
 */
export const Bare = function () {} as unknown as new () => Values
Bare.prototype = Object.freeze(Object.create(null))

/** Where nothing is declared there is nothing to read: all requests share this. */
export const NO_VALUES: Values = Object.freeze(new Bare())

/** Each field is looked for among the pairs; longer queries go to the full decoder, which sorts them. */
const MAX_PAIRS = 16

interface Field {
  readonly key: string
  readonly kind: ScalarKind
  readonly isRequired: boolean
  readonly validate: Validate | undefined
}

/**
 * The short way for the usual operation: every parameter one text of one kind, in path, query or header. It takes a
 * request only where every value is there once, declared, of its kind and fits its schema.
 * @param positions of the path entries in the template, -1 where it does not name them.
 * @returns `undefined` for an operation with any other parameter.
 */
export function compilePlainReader(
  entries: readonly PlainEntry[],
  positions: ReadonlyMap<PlainEntry, number>,
): PlainReader | undefined {
  if (!entries.every(isPlain)) return undefined
  const at = (place: Parameter['place']): readonly PlainEntry[] =>
    entries.filter(({ parameter }) => parameter.place === place)
  const path = at('path').map((entry) => ({
    ...fieldOf(entry),
    position: positions.get(entry) ?? -1,
  }))
  const query = at('query').map(fieldOf)
  const header = at('header').map(fieldOf)
  return (input) => {
    if (input.query.length > MAX_PAIRS) return undefined
    const values = {
      path: path.length === 0 ? NO_VALUES : new Bare(),
      query: query.length === 0 ? NO_VALUES : new Bare(),
      header: header.length === 0 ? NO_VALUES : new Bare(),
      cookie: NO_VALUES,
    }
    for (const field of path)
      if (!take(field, pathText(input.path[field.position]), values.path)) return undefined
    for (const field of header)
      if (!take(field, onlyText(input.header(field.key)), values.header)) return undefined
    return readQuery(query, input.query, values.query) ? values : undefined
  }
}

const PLACES: ReadonlySet<Parameter['place']> = new Set<FaultPlace>(['path', 'query', 'header'])

function isPlain({ parameter, spec }: PlainEntry): boolean {
  const { scalars, items, object } = spec.type
  return (
    PLACES.has(parameter.place) &&
    !parameter.allowEmptyValue &&
    spec.form === 'styled' &&
    (spec.style === 'simple' || spec.style === 'form') &&
    scalars.length === 1 &&
    items === undefined &&
    object === undefined
  )
}

function fieldOf({ parameter, spec, key, validate }: PlainEntry): Field {
  return { key, kind: spec.type.scalars[0] ?? 'string', isRequired: parameter.required, validate }
}

/** What is absent, or what the full decoder has to look at. */
type Text = string | undefined | typeof SPECIAL
const SPECIAL = Symbol('special')

function pathText(raw: string | undefined): Text {
  return raw === undefined || raw === '' || raw.includes('%') ? SPECIAL : raw
}

function onlyText(values: readonly string[]): Text {
  return values.length > 1 ? SPECIAL : values[0]?.trim()
}

/** Puts the value of a text where it belongs; `false` where there is anything to say about it. */
function take({ key, kind, isRequired, validate }: Field, text: Text, into: Values): boolean {
  if (text === undefined) return !isRequired
  if (text === SPECIAL) return false
  const value = readScalar(text, kind)
  if (value === undefined || validate?.(value) !== undefined) return false
  into[key] = value
  return true
}

function readQuery(
  fields: readonly Field[],
  pairs: ParameterInput['query'],
  into: Values,
): boolean {
  let taken = 0
  for (const field of fields) {
    let text: string | undefined
    for (const pair of pairs) {
      if (pair[0] !== field.key) continue
      if (text !== undefined) return false
      text = pair[1]
      taken += 1
    }
    if (!take(field, text, into)) return false
  }
  return taken === pairs.length
}
