import { codePointLength, isEqual } from './equal.ts'
import { multipleOf } from './multiple.ts'
import { FORMATS } from './format.ts'
import type { Builder, Check, Part } from './node.ts'
import { fail } from './run.ts'

type Test = (value: unknown) => boolean

const TYPE_TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['null', (v) => v === null],
  ['boolean', (v) => typeof v === 'boolean'],
  ['object', (v) => typeof v === 'object' && v !== null && !Array.isArray(v)],
  ['array', Array.isArray],
  // A number too large for a double becomes Infinity when parsed: not a JSON number any more.
  ['number', (v) => typeof v === 'number' && Number.isFinite(v)],
  ['integer', (v) => typeof v === 'number' && Number.isInteger(v)],
  ['string', (v) => typeof v === 'string'],
])

/** Compiles `type`, `const`, `enum` and the keywords for strings and numbers. */
export function compileScalars(part: Part, builder: Builder): readonly Check[] {
  const checks: Check[] = []
  const add = (check: Check | undefined): void => {
    if (check !== undefined) checks.push(check)
  }
  const { keywords } = part
  const text = compileString(part, builder)
  const format = compileFormat(part, builder)
  const isText = keywords['type'] === 'string'
  // A text of a format and nothing else is the usual one: it is asked once what it is.
  const isListed = Object.hasOwn(keywords, 'const') || Array.isArray(keywords['enum'])
  const isFused = isText && text === undefined && !isListed && format?.kind === 'string'
  if (isFused) add(format.ofTexts)
  else if (isText && text !== undefined) checks.push(STRING_TYPE)
  else add(compileType(keywords['type']))
  if (Object.hasOwn(keywords, 'const')) add(compileConst(keywords['const']))
  if (Array.isArray(keywords['enum'])) add(compileEnum(keywords['enum']))
  add(text)
  add(compileNumber(part))
  if (!isFused) add(format?.check)
  return checks
}

const STRING_TYPE: Check = (value, run) =>
  typeof value === 'string' || fail(run, 'type', 'must be string')

function compileType(type: unknown): Check | undefined {
  const names = (Array.isArray(type) ? type : [type]).filter((name) => typeof name === 'string')
  const tests = names.map((name) => TYPE_TESTS.get(name)).filter((test) => test !== undefined)
  const message = `must be ${names.join(' or ')}`
  const [first] = tests
  if (type === 'string') return STRING_TYPE
  if (first === undefined)
    return Array.isArray(type) ? (_, run) => fail(run, 'type', message) : undefined
  if (tests.length === 1) return (value, run) => first(value) || fail(run, 'type', message)
  return (value, run) => tests.some((test) => test(value)) || fail(run, 'type', message)
}

function compileConst(expected: unknown): Check {
  return (value, run) => isEqual(value, expected) || fail(run, 'const', 'must be the constant')
}

const FEW_SCALARS = 8

function isOneOf(few: readonly unknown[], value: unknown): boolean {
  for (let i = 0; i < few.length; i++) if (few[i] === value) return true
  return false
}

function compileEnum(values: readonly unknown[]): Check {
  const scalars = new Set(values.filter((value) => typeof value !== 'object' || value === null))
  const structures = values.filter((value) => typeof value === 'object' && value !== null)
  // To compare a text with a few others costs less than to hash it.
  const few = scalars.size <= FEW_SCALARS ? [...scalars] : undefined
  return (value, run) => {
    if (few === undefined ? scalars.has(value) : isOneOf(few, value)) return true
    if (structures.some((one) => isEqual(one, value))) return true
    return fail(run, 'enum', 'must be one of the listed values')
  }
}

function compileString(part: Part, builder: Builder): Check | undefined {
  const { keywords, site } = part
  const min = count(keywords['minLength']) ?? 0
  const max = count(keywords['maxLength']) ?? Infinity
  const source = keywords['pattern']
  const pattern = typeof source === 'string' ? builder.pattern(source, site) : undefined
  if (min === 0 && max === Infinity && pattern === undefined) return undefined
  return (value, run) => {
    if (typeof value !== 'string') return true
    // The length first: it bounds the work of the pattern.
    if (isLonger(value, max)) return fail(run, 'maxLength', `must have at most ${max} characters`)
    if (isShorter(value, min)) return fail(run, 'minLength', `must have at least ${min} characters`)
    if (pattern === undefined || pattern.test(value, run.work)) return true
    // Nothing is left for this value: whoever sent it reads why.
    const message = run.work.left < 0 ? 'takes too long to match' : 'must match the pattern'
    return fail(run, 'pattern', message)
  }
}

/** Whether a text has more code points than `max`; they are counted only where UTF-16 units leave it open. */
export function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false
  return text.length > 2 * max || codePointLength(text) > max
}

function isShorter(text: string, min: number): boolean {
  if (text.length < min) return true
  return text.length < 2 * min && codePointLength(text) < min
}

function compileNumber(part: Part): Check | undefined {
  const { keywords } = part
  const min = limit(keywords['minimum'])
  const max = limit(keywords['maximum'])
  const above = limit(keywords['exclusiveMinimum'])
  const below = limit(keywords['exclusiveMaximum'])
  const step = limit(keywords['multipleOf'])
  const isMultiple = step === undefined ? undefined : multipleOf(step)
  if ([min, max, above, below, step].every((one) => one === undefined)) return undefined
  return (value, run) => {
    if (typeof value !== 'number') return true
    if (min !== undefined && value < min) return fail(run, 'minimum', `must be at least ${min}`)
    if (max !== undefined && value > max) return fail(run, 'maximum', `must be at most ${max}`)
    if (above !== undefined && value <= above) {
      return fail(run, 'exclusiveMinimum', `must be greater than ${above}`)
    }
    if (below !== undefined && value >= below) {
      return fail(run, 'exclusiveMaximum', `must be less than ${below}`)
    }
    if (isMultiple === undefined || isMultiple(value)) return true
    return fail(run, 'multipleOf', `must be a multiple of ${step}`)
  }
}

interface FormatCheck {
  readonly kind: 'string' | 'number'
  /** Values of another kind pass. */
  readonly check: Check
  /** `type: string` together with it. */
  readonly ofTexts: Check
}

function compileFormat(part: Part, builder: Builder): FormatCheck | undefined {
  const name = part.keywords['format']
  if (!builder.options.formats || typeof name !== 'string') return undefined
  const format = FORMATS.get(name)
  if (format === undefined) return undefined
  const { kind, test } = format
  const message = `must be a valid ${name}`
  if (kind === 'number') {
    const check: Check = (value, run) =>
      typeof value !== 'number' || test(value) || fail(run, 'format', message)
    return { kind, check, ofTexts: STRING_TYPE }
  }
  return {
    kind,
    check: (value, run) => typeof value !== 'string' || test(value) || fail(run, 'format', message),
    ofTexts: (value, run) => {
      if (typeof value !== 'string') return fail(run, 'type', 'must be string')
      return test(value) || fail(run, 'format', message)
    },
  }
}

/** The value of a keyword that counts; `undefined` when absent or malformed (reported elsewhere). */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

function limit(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
