import { parseCookies } from '../../http/cookie.ts'
import { formDecode } from '../../http/percent.ts'
import type { Operation, Parameter } from '../model.ts'
import { parseTemplate } from '../path-template.ts'
import { CAP } from '../schema/caps.ts'
import type { Validate } from '../schema/contract.ts'
import type {
  DecodeDeps,
  DecodedParameters,
  FaultPlace,
  ParameterDecoder,
  ParameterFault,
  ParameterInput,
} from './contract.ts'
import { compileField } from './field.ts'
import type { FieldReader, FieldSpec } from './field.ts'
import { compileFieldSet } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { compileFormValue } from './form.ts'
import { Bare, compilePlainReader, NO_VALUES } from './plain-parameters.ts'
import type { PlainEntry } from './plain-parameters.ts'
import { Unreadable } from './scalar.ts'
import { PLAIN_TEXT } from './text-type.ts'

const MAX_FAULTS = 32

/** A compiled parameter: how it is read, and what it must be. */
interface Entry {
  readonly parameter: Parameter
  readonly spec: FieldSpec
  /** Name under which the value stands: lower case for headers. */
  readonly key: string
  readonly place: FaultPlace
  readonly read: FieldReader
  /** Several fields of the name are one list (RFC 9110 section 5.3). */
  readonly isList: boolean
  readonly validate: Validate | undefined
}

interface Outcome {
  readonly values: DecodedParameters & Record<FaultPlace, Record<string, unknown>>
  readonly faults: ParameterFault[]
}

/**
 * Compiles the parameters of one operation: styles, conversion from text, schemas [VAL-01, WIRE-06]. Query parameters
 * that nobody declared are refused, except the credentials that the operation's `security` places there; unknown
 * headers and cookies are not looked at.
 */
export function compileParameters(operation: Operation, deps: DecodeDeps): ParameterDecoder {
  const at = (place: Parameter['place']): readonly Entry[] =>
    operation.parameters.filter((one) => one.place === place).map((one) => entryOf(one, deps))
  const paths = at('path')
  const positions = positionsOf(operation, paths)
  const readPath = compilePath(paths, positions)
  const [headers, cookies] = [at('header'), at('cookie')]
  const hasAny = placesOf(operation.parameters)
  const all = operation.parameters.map((one) => entryOf(one, deps))
  const readPlain = compilePlainReader(all, positionsOf(operation, all))
  const [whole] = operation.parameters.filter((one) => one.place === 'querystring')
  const readQuery =
    whole === undefined
      ? compileQuery(at('query'), credentialNames(operation, deps))
      : compileWhole(whole, entryOf(whole, deps), deps)
  return (input) => {
    const plain = readPlain?.(input)
    if (plain !== undefined) return { values: plain }
    const outcome = newOutcome(hasAny)
    readPath(input, outcome)
    for (const entry of headers) readHeader(entry, input.header(entry.key), outcome)
    if (cookies.length > 0) readCookies(cookies, input, outcome)
    readQuery(input, outcome)
    return outcome.faults.length > 0
      ? { faults: outcome.faults, partial: outcome.values }
      : { values: outcome.values }
  }
}

function placesOf(parameters: readonly Parameter[]): Readonly<Record<FaultPlace, boolean>> {
  const has = (...places: Parameter['place'][]): boolean =>
    parameters.some(({ place }) => places.includes(place))
  return {
    path: has('path'),
    query: has('query', 'querystring'),
    header: has('header'),
    cookie: has('cookie'),
  }
}

type Values = Record<string, unknown>

function newOutcome(hasAny: Readonly<Record<FaultPlace, boolean>>): Outcome {
  const at = (place: FaultPlace): Values => (hasAny[place] ? new Bare() : NO_VALUES)
  return {
    values: { path: at('path'), query: at('query'), header: at('header'), cookie: at('cookie') },
    faults: [],
  }
}

function entryOf(parameter: Parameter, deps: DecodeDeps): Entry {
  const { place, name } = parameter
  const spec = specOf(parameter, deps)
  const schema = parameter.schema ?? parameter.content?.schema
  return {
    parameter,
    spec,
    key: place === 'header' ? name.toLowerCase() : name,
    place: place === 'querystring' ? 'query' : place,
    read: compileField(spec),
    isList: spec.form === 'styled' && (spec.type.items ?? spec.type.object) !== undefined,
    validate: bounded(
      schema === undefined ? undefined : deps.validator(schema),
      deps.largest?.(parameter),
    ),
  }
}

/** As the schema says, and no larger number; texts of numbers are meant as well. */
function bounded(
  validate: Validate | undefined,
  largest: number | undefined,
): Validate | undefined {
  if (largest === undefined) return validate
  const violation = {
    pointer: '',
    keyword: CAP,
    message: `must be at most ${largest}`,
  }
  const tooLarge: ReturnType<Validate> = Object.freeze([violation])
  return (value) => (Number(value) > largest ? tooLarge : validate?.(value))
}

function specOf(parameter: Parameter, deps: DecodeDeps): FieldSpec {
  const { name, style, content, place } = parameter
  const isJson = content !== undefined && /[/+]json$/.test(content.type)
  // An undeclared or untyped parameter is one text, and so is content that is not JSON.
  const isStyled = parameter.schema !== undefined
  const type = deps.types(parameter.schema)
  const form = isStyled ? 'styled' : isJson ? 'json' : 'text'
  // Cookies do not repeat: a list in one has commas between its items, whatever `explode` says.
  const explode = parameter.explode && place !== 'cookie'
  return {
    name,
    style,
    explode,
    type: isStyled ? type : PLAIN_TEXT,
    form,
    decode: decoderOf(place, style),
  }
}

function decoderOf(place: Parameter['place'], style: Parameter['style']): (text: string) => string {
  if (place === 'path') return decodeURIComponent
  if (place === 'query' || place === 'querystring') return formDecode
  if (place === 'header') return (text) => text.trim()
  return style === 'cookie' ? (text) => text : decodeCookie
}

/** Few clients encode cookies: what does not decode is meant as it stands. */
function decodeCookie(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

type Read = (input: ParameterInput, outcome: Outcome) => void

/** Where the template names path parameters. */
function positionsOf(
  operation: Operation,
  entries: readonly Entry[],
): ReadonlyMap<PlainEntry, number> {
  const parsed = parseTemplate(operation.template)
  const names = parsed.ok ? parsed.names : []
  return new Map(entries.map((entry) => [entry, names.indexOf(entry.parameter.name)]))
}

function compilePath(entries: readonly Entry[], positions: ReadonlyMap<PlainEntry, number>): Read {
  return ({ path }, outcome) => {
    for (const entry of entries) {
      const text = path[positions.get(entry) ?? -1]
      // An empty segment is no value: the template asks for one.
      readOne(entry, text === undefined || text === '' ? [] : [text], outcome)
    }
  }
}

function readOne(entry: Entry, raw: readonly string[], outcome: Outcome): void {
  if (raw.length === 0) noteMissing(entry, outcome)
  else settle(entry, entry.read(raw), outcome)
}

function readHeader(entry: Entry, raw: readonly string[], outcome: Outcome): void {
  readOne(entry, entry.isList && raw.length > 1 ? [raw.join(',')] : raw, outcome)
}

function noteMissing(entry: Entry, outcome: Outcome): void {
  if (!entry.parameter.required) return
  addFault(outcome, entry, { keyword: 'required', message: 'is required' })
}

function addFault(
  outcome: Outcome,
  entry: Entry,
  fault: { readonly keyword: string; readonly message: string; readonly pointer?: string },
): void {
  if (outcome.faults.length >= MAX_FAULTS) return
  const { place, parameter } = entry
  outcome.faults.push({ place, name: parameter.name, pointer: '', ...fault })
}

/** Keeps the first reading that the schema takes, or says what is wrong with the first. */
function settle(entry: Entry, readings: readonly unknown[] | Unreadable, outcome: Outcome): void {
  if (readings instanceof Unreadable) return addFault(outcome, entry, readings)
  let first: ReturnType<Validate>
  for (const value of readings) {
    const violations = entry.validate?.(value)
    if (violations === undefined) {
      outcome.values[entry.place][entry.key] = value
      return
    }
    first ??= violations
  }
  for (const violation of first ?? []) addFault(outcome, entry, violation)
}

function readCookies(entries: readonly Entry[], input: ParameterInput, outcome: Outcome): void {
  const sent = new Map<string, string[]>()
  for (const [name, value] of parseCookies(input.header('cookie'))) {
    const values = sent.get(name)
    if (values === undefined) sent.set(name, [value])
    else values.push(value)
  }
  for (const entry of entries) {
    const raw = sent.get(entry.key) ?? []
    if (raw.length > 1)
      addFault(outcome, entry, { keyword: 'duplicate', message: 'must come once' })
    else readOne(entry, raw, outcome)
  }
}

/** OpenAPI 3.2 `in: querystring`: the query as one value, JSON or a form. */
function compileWhole(parameter: Parameter, entry: Entry, deps: DecodeDeps): Read {
  const readForm = compileFormValue(parameter.content, deps)
  return ({ query }, outcome) => {
    const [only] = query
    if (only === undefined) return noteMissing(entry, outcome)
    // A query of JSON is a name without a value.
    if (entry.spec.form === 'json')
      return settle(entry, entry.read(query.length === 1 ? [only[0]] : ['', '']), outcome)
    const form = readForm.value(query)
    if ('fault' in form) addFault(outcome, entry, form.fault)
    else settle(entry, [form.value], outcome)
  }
}

function compileQuery(entries: readonly Entry[], credentials: ReadonlySet<string>): Read {
  const fields: FieldSet = compileFieldSet(entries.map((entry) => entry.spec))
  return ({ query }, outcome) => {
    const found = fields(query)
    for (const [index, entry] of entries.entries()) {
      const readings = found.readings[index]
      if (readings === undefined) noteMissing(entry, outcome)
      else if (entry.parameter.allowEmptyValue && found.isEmpty[index] === true) {
        outcome.values.query[entry.key] = ''
      } else settle(entry, readings, outcome)
    }
    for (const [name] of found.unknown) {
      if (!credentials.has(name)) noteUnknown(name, outcome)
    }
  }
}

function noteUnknown(name: string, outcome: Outcome): void {
  if (outcome.faults.length >= MAX_FAULTS) return
  outcome.faults.push({
    place: 'query',
    name: name.slice(0, 64),
    pointer: '',
    keyword: 'unknown',
    message: 'is not declared',
  })
}

/** Names of the query parameters that carry a credential of this operation. */
function credentialNames(operation: Operation, deps: DecodeDeps): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { scheme } of (operation.security ?? []).flat()) {
    const { place, parameterName } = deps.securitySchemes.get(scheme) ?? {}
    if (place === 'query' && parameterName !== undefined) names.add(parameterName)
  }
  return names
}
