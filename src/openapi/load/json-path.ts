import { isObject, own } from './json-value.ts'
import { step } from './pointer.ts'

/** A place that a JSONPath selected: `parent[key]`, or the root where `parent` is `undefined`. */
export interface Selected {
  readonly value: unknown
  readonly parent: unknown
  readonly key: string | number
}

/** A compiled JSONPath: the places it selects in a value, in document order, each once. */
export type JsonPath = (root: unknown) => readonly Selected[]

/** Most places one path may select. */
const MAX_SELECTED = 100_000

type Test = (value: unknown) => boolean
type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly test: Test }
interface Segment {
  readonly isDeep: boolean
  readonly selectors: readonly Selector[]
}

/** A JSONPath outside the supported part of the language; the message says where. */
export class JsonPathError extends Error {}

/**
 * Compiles the part of JSONPath that Overlays use: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `*`, `..`, lists of these,
 * and filters with `==`, `!=`, existence, `!`, `&&`, `||` over `@` paths and literals.
 * @throws JsonPathError for anything else.
 * @see RFC 9535
 */
export function compileJsonPath(text: string): JsonPath {
  if (text.length > 2_000) throw new JsonPathError('the path is longer than 2,000 characters')
  const cursor: Cursor = { text, at: 0 }
  expect(cursor, '$')
  const segments = parseSegments(cursor)
  if (cursor.at < text.length) fail(cursor, 'unexpected text')
  return (root) => {
    let selected: readonly Selected[] = [{ value: root, parent: undefined, key: '' }]
    for (const segment of segments) selected = applySegment(segment, selected)
    return selected
  }
}

function applySegment(segment: Segment, from: readonly Selected[]): readonly Selected[] {
  const found: Selected[] = []
  const seen = new Map<unknown, Set<string | number>>()
  for (const start of from) {
    const places = segment.isDeep ? descendants(start) : [start]
    for (const place of places) {
      for (const selector of segment.selectors) addNew(found, seen, select(selector, place.value))
    }
  }
  return found
}

function addNew(
  found: Selected[],
  seen: Map<unknown, Set<string | number>>,
  more: readonly Selected[],
): void {
  for (const place of more) {
    const keys = seen.get(place.parent) ?? new Set()
    if (keys.has(place.key)) continue
    seen.set(place.parent, keys.add(place.key))
    found.push(place)
    if (found.length > MAX_SELECTED)
      throw new JsonPathError(`it selects more than ${MAX_SELECTED} places`)
  }
}

function select(selector: Selector, value: unknown): readonly Selected[] {
  switch (selector.kind) {
    case 'name':
      return isObject(value) && Object.hasOwn(value, selector.name)
        ? [{ value: value[selector.name], parent: value, key: selector.name }]
        : []
    case 'index': {
      if (!Array.isArray(value)) return []
      const index = selector.index < 0 ? value.length + selector.index : selector.index
      return index >= 0 && index < value.length
        ? [{ value: value[index] as unknown, parent: value, key: index }]
        : []
    }
    case 'filter':
      return children(value).filter((child) => selector.test(child.value))
    case 'all':
      return children(value)
  }
}

function children(value: unknown): readonly Selected[] {
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item, index) => ({ value: item, parent: value, key: index }))
  }
  if (!isObject(value)) return []
  return Object.entries(value).map(([key, member]) => ({ value: member, parent: value, key }))
}

function descendants(start: Selected): readonly Selected[] {
  const list: Selected[] = []
  const pending = [start]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    list.push(next)
    const below = children(next.value)
    for (let index = below.length - 1; index >= 0; index--) {
      const child = below[index]
      if (child !== undefined) pending.push(child)
    }
  }
  return list
}

interface Cursor {
  readonly text: string
  at: number
}

function fail(cursor: Cursor, what: string): never {
  throw new JsonPathError(`${what} at character ${cursor.at + 1} of ${JSON.stringify(cursor.text)}`)
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at
  const match = pattern.exec(cursor.text)
  if (match === null) return undefined
  cursor.at += match[0].length
  return match[0]
}

function expect(cursor: Cursor, text: string): void {
  if (!cursor.text.startsWith(text, cursor.at)) fail(cursor, `expected ${JSON.stringify(text)}`)
  cursor.at += text.length
}

function accept(cursor: Cursor, text: string): boolean {
  if (!cursor.text.startsWith(text, cursor.at)) return false
  cursor.at += text.length
  return true
}

function skipSpace(cursor: Cursor): void {
  take(cursor, /[ \t\r\n]*/y)
}

function parseSegments(cursor: Cursor): readonly Segment[] {
  const segments: Segment[] = []
  for (;;) {
    if (accept(cursor, '..')) segments.push({ isDeep: true, selectors: parseAfterDots(cursor) })
    else if (accept(cursor, '.')) segments.push({ isDeep: false, selectors: [parseDotted(cursor)] })
    else if (cursor.text[cursor.at] === '[')
      segments.push({ isDeep: false, selectors: parseBrackets(cursor) })
    else return segments
  }
}

function parseAfterDots(cursor: Cursor): readonly Selector[] {
  return cursor.text[cursor.at] === '[' ? parseBrackets(cursor) : [parseDotted(cursor)]
}

function parseDotted(cursor: Cursor): Selector {
  if (accept(cursor, '*')) return { kind: 'all' }
  // Wider than RFC 9535: `x-` names need no quotes, as everybody writes them.
  const name = take(cursor, /[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff-]*/y)
  return name === undefined ? fail(cursor, 'expected a name') : { kind: 'name', name }
}

function parseBrackets(cursor: Cursor): readonly Selector[] {
  expect(cursor, '[')
  const selectors: Selector[] = []
  do {
    skipSpace(cursor)
    selectors.push(parseSelector(cursor))
    skipSpace(cursor)
  } while (accept(cursor, ','))
  expect(cursor, ']')
  return selectors
}

function parseSelector(cursor: Cursor): Selector {
  if (accept(cursor, '*')) return { kind: 'all' }
  if (accept(cursor, '?')) {
    skipSpace(cursor)
    return { kind: 'filter', test: parseOr(cursor, 0) }
  }
  const name = parseQuoted(cursor)
  if (name !== undefined) return { kind: 'name', name }
  const index = take(cursor, /-?(?:0|[1-9][0-9]{0,8})(?![0-9])/y)
  return index === undefined
    ? fail(cursor, 'expected a selector')
    : { kind: 'index', index: Number(index) }
}

function parseQuoted(cursor: Cursor): string | undefined {
  const quoted = take(cursor, /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy)
  return quoted?.slice(1, -1).replace(/\\u([0-9a-fA-F]{4})|\\(.)/gs, unescape)
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

function unescape(_whole: string, hex: string | undefined, character: string | undefined): string {
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
  return ESCAPES.get(character ?? '') ?? character ?? ''
}

/** Deepest nesting of parentheses in a filter. */
const MAX_NESTING = 32

function parseOr(cursor: Cursor, depth: number): Test {
  const tests = parseList(cursor, '||', () => parseAnd(cursor, depth))
  return (value) => tests.some((test) => test(value))
}

function parseAnd(cursor: Cursor, depth: number): Test {
  const tests = parseList(cursor, '&&', () => parseTerm(cursor, depth))
  return (value) => tests.every((test) => test(value))
}

function parseList(cursor: Cursor, operator: string, parse: () => Test): readonly Test[] {
  const tests = [parse()]
  for (skipSpace(cursor); accept(cursor, operator); skipSpace(cursor)) tests.push(parse())
  return tests
}

function parseTerm(cursor: Cursor, depth: number): Test {
  if (depth > MAX_NESTING) fail(cursor, 'too many parentheses')
  skipSpace(cursor)
  if (accept(cursor, '!')) {
    const test = parseTerm(cursor, depth + 1)
    return (value) => !test(value)
  }
  if (!accept(cursor, '(')) return parseComparison(cursor)
  const test = parseOr(cursor, depth + 1)
  skipSpace(cursor)
  expect(cursor, ')')
  return test
}

type Operand = (value: unknown) => unknown

function parseComparison(cursor: Cursor): Test {
  const left = parseOperand(cursor)
  skipSpace(cursor)
  const operator = take(cursor, /==|!=/y)
  if (operator === undefined) return (value) => left(value) !== undefined
  skipSpace(cursor)
  const right = parseOperand(cursor)
  const isEqual = operator === '=='
  return (value) => (left(value) === right(value)) === isEqual
}

function parseOperand(cursor: Cursor): Operand {
  if (accept(cursor, '@')) return parseRelative(cursor)
  const text = parseQuoted(cursor)
  if (text !== undefined) return () => text
  const literal = take(
    cursor,
    /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y,
  )
  if (literal === undefined) return fail(cursor, 'expected @ or a literal')
  const constant = JSON.parse(literal) as unknown
  return () => constant
}

function parseRelative(cursor: Cursor): Operand {
  const keys: string[] = []
  for (const segment of parseSegments(cursor)) {
    const [selector, ...others] = segment.selectors
    if (segment.isDeep || others.length > 0) fail(cursor, 'a filter may only name single members')
    if (selector?.kind === 'name') keys.push(selector.name)
    else if (selector?.kind === 'index' && selector.index >= 0) keys.push(String(selector.index))
    else fail(cursor, 'a filter may only name single members')
  }
  return (value) =>
    keys.reduce<unknown>((at, key) => (Array.isArray(at) ? step(at, key) : own(at, key)), value)
}
