import { COMMON_SECRETS, TELLING_PARTS } from './common-secrets.ts'

/** What a shared secret must be worth [TOK-02]. */
const MIN_BITS = 256

/** Different characters that even an unlucky draw has, of digits too. */
export const MIN_DISTINCT = 8

/**
 * Why a key of an HMAC is too weak, as a clause for a message that does not show it; `undefined` for a good one.
 * What is measured is how it looks, not how it was made: a key that passes may still be known to others.
 * Linear in its length. Never throws. @see RFC 8725 section 3.5, RFC 7518 section 3.2
 */
export function secretWeakness(secret: Buffer): string | undefined {
  const text = secret.toString('latin1')
  const lower = text.trim().toLowerCase()
  if (COMMON_SECRETS.has(lower)) return 'is in every list of guesses'
  const part = TELLING_PARTS.find((one) => lower.includes(one))
  if (part !== undefined) return `holds "${part}", which guessers try first`
  if (new Set(secret).size < MIN_DISTINCT) return 'has too few different characters'
  const bits = Math.floor(Math.min(bitsOf(text), unitLength(text) * bitsPerCharacter(text)))
  return bits < MIN_BITS
    ? `is worth about ${bits} bits, at least ${MIN_BITS} are needed`
    : undefined
}

/** Bits by the smallest alphabet that the text seems drawn from; words and rows of neighbors count for less. */
function bitsOf(text: string): number {
  const share = wordCharacters(text) / text.length
  const isPhrase = share > WORD_SHARE || isPhrasing(text)
  const perCharacter = isPhrase ? WORD_BITS : bitsPerCharacter(text)
  return perCharacter * (text.length - neighbors(text))
}

/** A word of a list of 8,000 with a blank behind it is worth 13 bits in 5 to 6 characters. */
const WORD_BITS = 2.4

/** Words with blanks between, and nothing but what is typed: random bytes hold such pieces too. */
function isPhrasing(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text) && /[a-z]{2} [a-z]/i.test(text)
}

/** More of a text in words than this is no accident: of 64 random characters of base64 one in a million has it. */
const WORD_SHARE = 0.7

/** Characters in runs of four and more letters of one case, as words have them and random texts rarely. */
function wordCharacters(text: string): number {
  const runs = text.match(/[A-Z]?[a-z]{4,}|[A-Z]{4,}/g) ?? []
  const isHex = /^[0-9a-f]+$/i.test(text)
  return isHex ? 0 : runs.reduce((sum, run) => sum + run.length, 0)
}

const ALPHABETS: readonly [pattern: RegExp, bits: number][] = [
  [/^\d+$/, Math.log2(10)],
  [/^(?:[0-9a-f]+|[0-9A-F]+)$/, 4],
  [/^(?:[a-z]+|[A-Z]+)$/, Math.log2(26)],
  [/^(?:[a-z\d]+|[A-Z\d]+)$/, Math.log2(36)],
  [/^[\w+/=-]+$/, 6],
  [/^[\x20-\x7e]+$/, Math.log2(95)],
]

/** Bits of one character, by the smallest alphabet that the text seems drawn from. */
export function bitsPerCharacter(text: string): number {
  return ALPHABETS.find(([pattern]) => pattern.test(text))?.[1] ?? 8
}

/** Characters that repeat the one before or follow it in the alphabet, as far as there are more than chance gives. */
export function neighbors(text: string): number {
  let count = 0
  for (let at = 1; at < text.length; at += 1)
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) count += 1
  return count > text.length / 2 ? count : 0
}

/** Length of the shortest piece that the text repeats: `abcabcab` is `abc` and nothing more. */
export function unitLength(text: string): number {
  // The failure function of Knuth, Morris and Pratt: what is a prefix and a suffix tells the period.
  const borders = [0]
  for (let at = 1, matched = 0; at < text.length; at += 1) {
    while (matched > 0 && text[at] !== text[matched]) matched = borders[matched - 1] ?? 0
    if (text[at] === text[matched]) matched += 1
    borders.push(matched)
  }
  const border = borders.at(-1) ?? 0
  return border < text.length / 2 ? text.length : text.length - border
}
