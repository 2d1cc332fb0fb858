import type { ScalarKind, TextType } from './text-type.ts'

/** A text that its type does not take. */
export class Unreadable {
  readonly keyword: string
  readonly message: string

  constructor(keyword: string, message: string) {
    this.keyword = keyword
    this.message = message
  }
}

/** Longest text of a number. */
const MAX_NUMBER_CHARS = 64
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

/**
 * Reads a text as one kind, with the grammar of JSON and nothing around it: no ` 1`, `+1`, `0x1`, `01`, `1.` or `1e400`.
 * Integers beyond ±(2^53-1) are refused, because they could not be compared exactly [VAL-05].
 * @returns `undefined` when the text is not of that kind (null is the text `null`).
 */
export function readScalar(
  text: string,
  kind: ScalarKind,
): string | number | boolean | null | undefined {
  switch (kind) {
    case 'string':
      return text
    case 'integer':
      return readInteger(text)
    case 'number':
      return readNumber(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'null':
      return text === 'null' ? null : undefined
  }
}

/** So many digits are read one by one in less time than an expression takes to begin. */
const FEW_DIGITS = 9

/** The number that a few digits write, without a zero in front; -1 for any other text. */
function fewDigits(text: string): number {
  const { length } = text
  if (length === 0 || length > FEW_DIGITS || (length > 1 && text.charCodeAt(0) === 48)) return -1
  let value = 0
  for (let i = 0; i < length; i += 1) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function readInteger(text: string): number | undefined {
  const few = fewDigits(text)
  if (few >= 0) return few
  if (text.length > MAX_NUMBER_CHARS || !INTEGER.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

function readNumber(text: string): number | undefined {
  if (text.length > MAX_NUMBER_CHARS || !NUMBER.test(text)) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    return undefined
  // The sign of zero is not a difference that anybody means.
  return value === 0 ? 0 : value
}

/** Reads a text by the first kind of its type that takes it. */
export function readText(text: string, type: TextType): unknown {
  for (const kind of type.scalars) {
    const value = readScalar(text, kind)
    if (value !== undefined) return value
  }
  return unreadable(type)
}

/** What to say about a text that none of the kinds takes. */
export function unreadable(type: TextType): Unreadable {
  const expected = type.scalars.length > 0 ? type.scalars.join(' or ') : 'another structure'
  return new Unreadable('type', `must be ${expected}`)
}
