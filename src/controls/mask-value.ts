import type { FieldAction } from '../pipeline/field-access.ts'

/** What makes a text unreadable with a key; `undefined`: such actions take the value away instead. */
export interface KeyedActions {
  hash(text: string): string
  tokenize(text: string): string
  /** `undefined` where the text has too few digits. */
  tokenizeForm(text: string): string | undefined
}

const STARS = '***'
const MAX_DEPTH = 64
const CARD = /^\d(?:[ -]?\d){11,18}$/
const EMAIL = /^([^\s@])[^\s@]*@([^\s@])[^\s@]*?(\.[^\s@.]+)?$/

/**
 * What is shown of a value. Structures are changed leaf by leaf. Numbers become texts where some of their digits stay,
 * else `null`, as booleans do: a number in their place would be taken for the real one.
 * @returns the value itself for `pass`, `undefined` for `drop`.
 */
export function maskValue(
  value: unknown,
  action: FieldAction,
  keyed: KeyedActions | undefined,
): unknown {
  if (action.kind === 'pass') return value
  if (action.kind === 'drop') return undefined
  return maskAt(value, { action, keyed }, 0)
}

interface Masking {
  readonly action: FieldAction
  readonly keyed: KeyedActions | undefined
}

function maskAt(value: unknown, masking: Masking, depth: number): unknown {
  if (typeof value === 'string') return maskText(value, masking)
  if (typeof value === 'number') return maskNumber(value, masking)
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return null
  if (Array.isArray(value)) return value.map((item: unknown) => maskAt(item, masking, depth + 1))
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
    name,
    maskAt(inner, masking, depth + 1),
  ])
  return Object.fromEntries(entries)
}

function maskNumber(value: number, masking: Masking): string | null {
  const { kind } = masking.action
  return kind === 'last' || kind === 'hash' || kind === 'tokenize' || kind === 'fpe'
    ? maskText(String(value), masking)
    : null
}

function maskText(text: string, { action, keyed }: Masking): string | null {
  switch (action.kind) {
    case 'pass':
      return text
    case 'drop':
      return null
    case 'mask':
      return CARD.test(text) ? lastOf(text, 4) : text.includes('@') ? maskEmail(text) : STARS
    case 'email':
      return maskEmail(text)
    case 'hash':
      return keyed === undefined ? null : keyed.hash(text)
    case 'tokenize':
      return keyed === undefined ? null : keyed.tokenize(text)
    case 'fpe':
      return keyed?.tokenizeForm(text) ?? STARS
    case 'first':
      return firstOf(text, action.chars) + STARS
    case 'last':
      return lastOf(text, action.chars)
    default:
      return firstOf(text, action.chars)
  }
}

/** Short texts show nothing: four of five characters are the secret itself. */
const MIN_HIDDEN = 4

/** Twelve stars for a card, as many as hidden characters up to that; never the length of what is longer. */
const MAX_STARS = 12

function lastOf(text: string, chars: number): string {
  const plain = text.replaceAll(/[ -]/g, '')
  const hidden = plain.length - chars
  if (hidden < MIN_HIDDEN) return STARS
  return '*'.repeat(Math.min(hidden, MAX_STARS)) + whole(plain.slice(-chars))
}

/** Without the half of a pair that a cut may leave at either end. */
function whole(text: string): string {
  return text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '')
}

function firstOf(text: string, chars: number): string {
  return whole(text.slice(0, chars))
}

function maskEmail(text: string): string {
  const [, first, domain, end = ''] = EMAIL.exec(text.slice(0, 320)) ?? []
  return first === undefined || domain === undefined
    ? STARS
    : `${first}${STARS}@${domain}${STARS}${end}`
}
