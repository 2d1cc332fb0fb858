import { COMMON_SECRETS } from '../tokens/common-secrets.ts'
import { bitsPerCharacter, MIN_DISTINCT, neighbors, unitLength } from '../tokens/secret-strength.ts'

/** What a fast hash asks for [KEY-01]: nobody can try so many. */
const MIN_BITS = 112
/** What a letter of a word is worth, and a digit. */
const WORD_BITS = 2.4
const DIGIT_BITS = 3.3
/** More of a mixed text than this in words is rarely an accident. */
const WORD_SHARE = 0.6

/**
 * Why a key is too weak, by its looks, as a clause that does not show it; `undefined` for one that is not. Pieces apart
 * by separators that are words or numbers, and words in mixed text, are worth what a list of words makes of them:
 * `acme-partner-key-2026` is none of 126 bits. Linear in its length. Never throws.
 */
export function textWeakness(text: string): string | undefined {
  if (COMMON_SECRETS.has(text.toLowerCase())) return 'is in every list of guesses'
  if (new Set(text).size < MIN_DISTINCT) return 'has too few different characters'
  const bits = Math.max(0, Math.floor(bitsOf(text)))
  return bits < MIN_BITS
    ? `is worth about ${bits} bits by its looks, at least ${MIN_BITS} are needed`
    : undefined
}

function bitsOf(text: string): number {
  const compact = text.replaceAll('-', '')
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(compact)) return drawn(compact)
  const pieces = text.split(/[^0-9A-Za-z]+/)
  const simple = pieces.filter((piece) => SIMPLE.test(piece))
  const rest = pieces.filter((piece) => !SIMPLE.test(piece)).join('')
  const words = (rest.match(WORD) ?? []).filter(isSpeakable)
  const inWords = words.reduce((sum, word) => sum + word.length, 0)
  const perCharacter = rest === '' ? 0 : bitsPerCharacter(rest)
  const isPhrase = inWords > rest.length * WORD_SHARE
  const loss = isPhrase ? inWords * Math.max(0, perCharacter - WORD_BITS) : 0
  const mixed = rest === '' ? 0 : drawn(rest) - loss
  return mixed + simple.reduce((sum, piece) => sum + worth(piece), 0)
}

/** All of one kind: a word, a year, a number. */
const SIMPLE = /^(?:[A-Z]?[a-z]*|[A-Z]+|\d+)$/
const WORD = /[A-Z][a-z]{2,}|[a-z]{4,}|[A-Z]{4,}/g

function worth(piece: string): number {
  if (/^\d/.test(piece)) return piece.length * DIGIT_BITS
  return isSpeakable(piece) ? piece.length * WORD_BITS : drawn(piece)
}

/** Random letters have one vowel in five, and soon four consonants in a row. */
function isSpeakable(word: string): boolean {
  const vowels = word.match(/[aeiouy]/gi)?.length ?? 0
  return vowels * 5 >= word.length && !/[^aeiouy]{4}/i.test(word)
}

/** As drawn from an alphabet at random; what repeats and what counts up is worth its beginning. */
function drawn(text: string): number {
  const perCharacter = bitsPerCharacter(text)
  return perCharacter * Math.min(text.length - neighbors(text), unitLength(text))
}
