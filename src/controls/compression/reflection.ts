import type { Exchange } from '../../pipeline/exchange.ts'
import type { FixedParameters } from './fixed-parameters.ts'

/** Shorter texts are everywhere, and shorter than what compressors look for. */
const MIN_CHARS = 4
/** Words that are looked for in one answer, and bytes of it: together under a millisecond. */
const MAX_WORDS = 16
const MAX_BYTES = 131_072
/** Values of a request body that are looked at. */
const MAX_VALUES = 100

/**
 * Whether an answer may hold free text of its request. Looked for word by word: APIs escape, quote and cut what they
 * repeat. In doubt it may: where the answer is not there as a whole or is too large, or the request says too much.
 */
export function mayReflect(
  exchange: Exchange,
  body: Buffer | undefined,
  fixed: FixedParameters,
): boolean {
  const texts = freeTexts(exchange, fixed)
  if (texts === undefined) return true
  const words = new Set(texts.flatMap((text) => text.match(WORDS) ?? []))
  if (words.size === 0) return false
  if (body === undefined || body.length > MAX_BYTES || words.size > MAX_WORDS) return true
  return [...words].some((word) => body.includes(word))
}

const WORDS = new RegExp(`[\\w-]{${MIN_CHARS},}`, 'g')

/** What the client could choose freely; `undefined` where that is too much to look at. */
function freeTexts(exchange: Exchange, fixed: FixedParameters): readonly string[] | undefined {
  const { head, query, pathValues, body, hasBodyValue } = exchange
  // A body that nobody read may hold anything.
  if (head.hasBody && !hasBodyValue) return undefined
  const texts = pathValues.filter((_, index) => !fixed.path.has(index))
  for (const [name, value] of query.pairs) if (!fixed.query.has(name)) texts.push(value)
  return !hasBodyValue || collect(body, texts) ? texts : undefined
}

/** Adds the texts inside a value. @returns false where it has too many parts, or one that is no plain value. */
function collect(value: unknown, texts: string[]): boolean {
  const queue: unknown[] = [value]
  for (let at = 0; at < queue.length; at++) {
    if (queue.length > MAX_VALUES) return false
    const one = queue[at]
    if (typeof one === 'string') texts.push(one)
    if (typeof one !== 'object' || one === null) continue
    if (!Array.isArray(one) && !isPlain(one)) return false
    queue.push(...Object.values(one))
  }
  return true
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
