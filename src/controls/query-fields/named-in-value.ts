import { isDirection, isExpressionWord } from './words.ts'

/** A name that stands in the value of a parameter. */
export interface NamedInValue {
  readonly name: string
  /** Where a field must stand: what is none there is no value of a field either. */
  readonly isField: boolean
}

/** Longer values are read as far as this; the rest counts as a name that nobody knows. */
const MAX_VALUE_CHARS = 4000
const MAX_NAMES = 200
const REST: NamedInValue = { name: '…', isField: true }

const WORD = /[\p{L}_$@][\p{L}\p{N}_$.@/-]*/gu

/** The fields by which a value sorts, or which it chooses: `-age,name`, `age:desc`, `{"age":-1}`, `lower(name)`. */
export function namedInList(value: string): readonly NamedInValue[] {
  const names = wordsOf(value)
    .filter((word) => !isDirection(word))
    .map((name) => ({ name, isField: true }))
  // A number alone is the position of a column.
  const isPosition = names.length === 0 && /^\s*[+-]?\d+\s*$/.test(value)
  return isPosition || hasRest(value) ? [...names, REST] : names
}

const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'/g
/** Behind one of these stands what a field is compared with. */
const COMPARED =
  /(?:==|!=|<=|>=|<>|=\w{1,12}=|[=:<>~]|\b(?:eq|ne|gt|ge|lt|le|gte|lte|like|ilike|contains|in)\b)\s*\(?\s*$/i

/** The fields of an expression: `age gt 3 and name eq 'x'`, `age=gt=3;name==x`, `age:3`, `{"age":{"$gt":3}}`. */
export function namedInExpression(value: string): readonly NamedInValue[] {
  const text = value.slice(0, MAX_VALUE_CHARS)
  const names = /^\s*[{[]/.test(text) ? namedInJson(text) : undefined
  const found = names ?? namedInText(text)
  return hasRest(value) || found.length >= MAX_NAMES ? [...found, REST] : found
}

function namedInText(text: string): NamedInValue[] {
  const found: NamedInValue[] = []
  const plain = text.replaceAll(STRING, (quoted) => ' '.repeat(quoted.length))
  for (const { 0: name, index } of plain.matchAll(WORD)) {
    if (found.length >= MAX_NAMES) break
    if (isExpressionWord(name)) continue
    // Enough to hold an operator, so that long values cost no more than their length.
    const isField = !COMPARED.test(plain.slice(Math.max(0, index - 20), index))
    found.push({ name, isField })
  }
  return found
}

/** Keys of a filter that is written as JSON; `undefined` where it is none. */
function namedInJson(text: string): NamedInValue[] | undefined {
  const found: NamedInValue[] = []
  const collect = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || found.length >= MAX_NAMES) return
    if (depth > 32) return void found.push(REST)
    for (const [key, inner] of Object.entries(value)) {
      const isKey = !Array.isArray(value) && !key.startsWith('$') && !isExpressionWord(key)
      if (isKey) found.push({ name: key, isField: true })
      // `{"field":"age","op":"gt"}`, and what refers to a field by `$age`.
      if (typeof inner === 'string') found.push({ name: inner.slice(0, 200), isField: false })
      else collect(inner, depth + 1)
    }
  }
  try {
    collect(JSON.parse(text), 0)
    return found
  } catch {
    return undefined // no JSON: read as text
  }
}

function wordsOf(value: string): readonly string[] {
  const words: string[] = []
  for (const [word] of value.slice(0, MAX_VALUE_CHARS).matchAll(WORD)) {
    if (words.length >= MAX_NAMES) break
    words.push(word)
  }
  return words
}

function hasRest(value: string): boolean {
  return value.length > MAX_VALUE_CHARS
}
