import { ALPHANUMERIC, charTable } from './chars.ts'

/** A token (RFC 9651 section 3.3.4), told apart from a string by its class. */
export class SfToken {
  readonly value: string

  constructor(value: string) {
    this.value = value
  }
}

/** A date in whole seconds since 1970 (RFC 9651 section 3.3.7). */
export class SfDate {
  readonly seconds: number

  constructor(seconds: number) {
    this.seconds = seconds
  }
}

/** A decimal whose value is a whole number, which a JavaScript number cannot tell from an integer. */
export class SfDecimal {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A string of any Unicode text (RFC 9651 section 3.3.8). */
export class SfDisplayString {
  readonly value: string

  constructor(value: string) {
    this.value = value
  }
}

/** A number is an integer when whole, else a decimal. */
export type SfBareItem =
  | number
  | string
  | boolean
  | Uint8Array
  | SfToken
  | SfDate
  | SfDecimal
  | SfDisplayString
/** Parameters in order. */
export type SfParameters = ReadonlyMap<string, SfBareItem>
/** A bare item with its parameters. */
export interface SfItem {
  readonly value: SfBareItem
  readonly parameters?: SfParameters
}
/** A list in parentheses with its parameters. */
export interface SfInnerList {
  readonly items: readonly SfItem[]
  readonly parameters?: SfParameters
}
/** What stands in a list or dictionary. */
export type SfMember = SfItem | SfInnerList
/** A top-level list. */
export type SfList = readonly SfMember[]
/** A top-level dictionary in order. */
export type SfDictionary = ReadonlyMap<string, SfMember>

/** The value handed to a serializer cannot be written as a structured field: a defect of the caller. */
export class StructuredFieldError extends Error {
  override readonly name: string = 'StructuredFieldError'
}

/** First characters of a key. */
export const SF_KEY_START: Uint8Array = charTable('abcdefghijklmnopqrstuvwxyz*')
/** Further characters of a key. */
export const SF_KEY: Uint8Array = charTable('abcdefghijklmnopqrstuvwxyz0123456789_-.*')
/** First characters of a token. */
export const SF_TOKEN_START: Uint8Array = charTable(`${ALPHANUMERIC.slice(0, 52)}*`)
/** Further characters of a token. */
export const SF_TOKEN: Uint8Array = charTable(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~:/`)
/** Largest magnitude of an integer. */
export const SF_MAX_INTEGER = 999_999_999_999_999
const MAX_DECIMAL = 999_999_999_999

/** Writes a list; empty text means that the field is to be left out. @throws StructuredFieldError */
export function serializeList(list: SfList): string {
  return list.map(serializeMember).join(', ')
}

/** Writes a dictionary; empty text means that the field is to be left out. @throws StructuredFieldError */
export function serializeDictionary(dictionary: SfDictionary): string {
  const members: string[] = []
  for (const [key, member] of dictionary) {
    const isTrue = 'value' in member && member.value === true
    const value = isTrue ? serializeParameters(member.parameters) : `=${serializeMember(member)}`
    members.push(serializeKey(key) + value)
  }
  return members.join(', ')
}

/** Writes an item with its parameters. @throws StructuredFieldError */
export function serializeItem(item: SfItem): string {
  return serializeBareItem(item.value) + serializeParameters(item.parameters)
}

function serializeMember(member: SfMember): string {
  if ('value' in member) return serializeItem(member)
  return `(${member.items.map(serializeItem).join(' ')})${serializeParameters(member.parameters)}`
}

function serializeParameters(parameters: SfParameters | undefined): string {
  let text = ''
  for (const [key, value] of parameters ?? []) {
    text += `;${serializeKey(key)}${value === true ? '' : `=${serializeBareItem(value)}`}`
  }
  return text
}

function serializeKey(key: string): string {
  if (!matches(key, SF_KEY_START, SF_KEY)) throw new StructuredFieldError('key cannot be written')
  return key
}

function serializeBareItem(value: SfBareItem): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? integerText(value) : decimalText(value)
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'boolean') return value ? '?1' : '?0'
  if (value instanceof SfToken) return tokenText(value.value)
  if (value instanceof SfDate) return `@${integerText(value.seconds)}`
  if (value instanceof SfDecimal) return decimalText(value.value)
  if (value instanceof SfDisplayString) return displayText(value.value)
  return `:${Buffer.from(value).toString('base64')}:`
}

function integerText(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > SF_MAX_INTEGER) {
    throw new StructuredFieldError('integer out of range')
  }
  return String(value === 0 ? 0 : value)
}

function decimalText(value: number): string {
  const rounded = roundHalfEven(value)
  if (!(Math.abs(rounded) < MAX_DECIMAL + 1)) throw new StructuredFieldError('decimal out of range')
  return rounded.toFixed(3).replace(/0{1,2}$/, '')
}

/** To three digits, ties to the even one (RFC 9651 section 4.1.5). */
function roundHalfEven(value: number): number {
  const scaled = value * 1000
  const floor = Math.floor(scaled)
  const isTie = scaled - floor === 0.5
  return (isTie && floor % 2 === 0 ? floor : Math.round(scaled)) / 1000
}

function stringText(value: string): string {
  if (!/^[\u0020-\u007e]*$/.test(value))
    throw new StructuredFieldError('string is not printable ASCII')
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

function tokenText(value: string): string {
  if (!matches(value, SF_TOKEN_START, SF_TOKEN))
    throw new StructuredFieldError('token cannot be written')
  return value
}

function displayText(value: string): string {
  if (!value.isWellFormed()) throw new StructuredFieldError('display string has a lone surrogate')
  let text = '%"'
  for (const byte of Buffer.from(value, 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x22
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return `${text}"`
}

function matches(text: string, start: Uint8Array, rest: Uint8Array): boolean {
  if (start[text.charCodeAt(0)] !== 1) return false
  for (let i = 1; i < text.length; i++) if (rest[text.charCodeAt(i)] !== 1) return false
  return true
}
