import { memo } from '../base/memo.ts'
import { isToken, trimOws } from './chars.ts'

/** A content coding that an answer can be given (RFC 9110 section 8.4.1, RFC 8878, RFC 7932). */
export type ContentCoding = 'gzip' | 'br' | 'zstd'

/** The best for its price first: this decides between codings that the client likes alike. */
const OFFERED: readonly ContentCoding[] = ['zstd', 'br', 'gzip']

/** Longer lists ask for nothing that a browser would ask for. */
const MAX_CHARS = 512

/**
 * The coding that a client prefers of those offered, by the value of its `Accept-Encoding` (several fields joined by
 * commas).
 * @returns `undefined` for no coding: where none is accepted, the client likes none better, or the field is malformed.
 * Never throws. What is not acceptable uncoded (`identity;q=0`) goes out uncoded all the same where no coding fits.
 * @see RFC 9110 section 12.5.3
 */
export function preferredCoding(accepted: string): ContentCoding | undefined {
  return remembered(accepted)
}

// Every browser sends the same few.
const remembered = memo(choose, { maxEntries: 256, maxChars: 128 })

function choose(accepted: string): ContentCoding | undefined {
  const weights = accepted.length > MAX_CHARS ? undefined : readWeights(accepted)
  if (weights === undefined) return undefined
  const rest = weights.get('*') ?? 0
  // Uncoded is acceptable unless it is said not to be, but nobody who names a coding without a weight likes it better.
  let bestWeight = weights.get('identity') ?? 0
  let best: ContentCoding | undefined
  for (const coding of OFFERED) {
    const weight = weights.get(coding) ?? rest
    const wins = best === undefined ? weight >= bestWeight : weight > bestWeight
    if (weight === 0 || !wins) continue
    best = coding
    bestWeight = weight
  }
  return best
}

const Q = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

/** Coding (lower case) -> weight; of a coding that stands twice, the lower weight. `undefined` when malformed. */
function readWeights(accepted: string): ReadonlyMap<string, number> | undefined {
  const weights = new Map<string, number>()
  for (const element of accepted.split(',')) {
    const [name = '', weight, ...more] = element.split(';').map(trimOws)
    if (name === '' && weight === undefined) continue
    if (!isToken(name) || more.length > 0 || (weight !== undefined && !Q.test(weight)))
      return undefined
    // RFC 9110 section 8.4.1.3: `x-gzip` is `gzip`.
    const coding = name.toLowerCase() === 'x-gzip' ? 'gzip' : name.toLowerCase()
    const value = weight === undefined ? 1 : Number(weight.slice(2))
    weights.set(coding, Math.min(value, weights.get(coding) ?? 1))
  }
  return weights
}
