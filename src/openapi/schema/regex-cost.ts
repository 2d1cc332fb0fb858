import type { CharSet } from './charset.ts'
import { ALL_CHARS, NO_CHARS, overlaps, union } from './charset.ts'
import type { Regex } from './regex-syntax.ts'
import { withoutTail } from './regex-trim.ts'

/**
 * An upper bound for the work of a backtracking engine from one starting position on a text of length n:
 * `ways * n^degree` steps, or `ways * length` where the degree is 0. Degree Infinity stands for exponential.
 */
export interface Work {
  readonly ways: number
  readonly degree: number
  /** Longest match; Infinity when unbounded. */
  readonly length: number
  /** A match can only begin at the start of the text. */
  readonly isAnchored: boolean
}

/** What is known of one part, given what may follow it. */
interface Seen {
  readonly isNullable: boolean
  readonly length: number
  /** In how many ways it can match from one place, besides `loops`. */
  readonly ways: number
  /** Unbounded loops that may end at any round: each multiplies the ways by n. */
  readonly loops: number
  /** Degree of the reading done by the part, over all its ways. */
  readonly reading: number
  /** Degree of reading that is done again in each round of a loop around it (look-arounds, back-references). */
  readonly rereading: number
}

const MAX_WAYS = 1e9
const EMPTY: Seen = { isNullable: true, length: 0, ways: 1, loops: 0, reading: 0, rereading: 0 }

/**
 * Bounds the work of a backtracking engine, soundly: the end of a loop, or a branch, counts as one more way only
 * where the next character does not decide it. Look-arounds and back-references are counted as cautiously.
 */
export function boundWork(regex: Regex): Work {
  // What follows a whole pattern is success, which ends the search: nothing is tried again after it.
  const seen = visit(withoutTail(regex), NO_CHARS)
  return {
    ways: seen.ways,
    degree: seen.reading,
    length: seen.length,
    isAnchored: isAnchored(regex),
  }
}

/** Whether a match can only begin at the start of the text. */
export function isAnchored(regex: Regex): boolean {
  if (regex.kind === 'assert') return regex.at === 'start'
  if (regex.kind === 'group') return isAnchored(regex.body)
  if (regex.kind === 'choice') return regex.branches.every(isAnchored)
  return regex.kind === 'sequence' && regex.parts[0] !== undefined && isAnchored(regex.parts[0])
}

/** Characters that a match may begin with. */
function firstOf(regex: Regex): CharSet {
  switch (regex.kind) {
    case 'chars':
      return regex.set
    case 'group':
      return firstOf(regex.body)
    case 'choice':
      return union(...regex.branches.map(firstOf))
    case 'repeat':
      return regex.max === 0 ? NO_CHARS : firstOf(regex.body)
    case 'sequence': {
      const sets: CharSet[] = []
      for (const part of regex.parts) {
        sets.push(firstOf(part))
        if (!canBeEmpty(part)) break
      }
      return union(...sets)
    }
    case 'backreference':
      return ALL_CHARS
    default:
      return NO_CHARS
  }
}

function canBeEmpty(regex: Regex): boolean {
  if (regex.kind === 'chars') return false
  if (regex.kind === 'group') return canBeEmpty(regex.body)
  if (regex.kind === 'choice') return regex.branches.some(canBeEmpty)
  if (regex.kind === 'sequence') return regex.parts.every(canBeEmpty)
  return regex.kind !== 'repeat' || regex.min === 0 || canBeEmpty(regex.body)
}

/** `follow`: characters that may come after, where the outcome still depends on them. */
function visit(regex: Regex, follow: CharSet): Seen {
  switch (regex.kind) {
    case 'chars':
      return { ...EMPTY, isNullable: false, length: 1 }
    case 'group':
      return visit(regex.body, follow)
    case 'sequence':
      return visitSequence(regex.parts, follow)
    case 'choice':
      return visitChoice(regex.branches, follow)
    case 'repeat':
      return visitRepeat(regex, follow)
    case 'look': {
      const seen = visit(regex.isBehind ? regex.body : withoutTail(regex.body), NO_CHARS)
      // Never entered again from outside, so its ways are work, not ways.
      let work = Math.max(seen.reading, seen.loops) + (seen.ways > 64 ? 1 : 0)
      // A look behind is matched backwards, where what follows decides nothing.
      if (regex.isBehind && seen.length > 64) work = Infinity
      return { ...EMPTY, reading: work, rereading: work }
    }
    case 'backreference':
      return { ...EMPTY, length: Infinity, reading: 1, rereading: 1 }
    default:
      return EMPTY
  }
}

function visitSequence(parts: readonly Regex[], follow: CharSet): Seen {
  let rest: Seen = EMPTY
  let next = follow
  for (const part of parts.toReversed()) {
    const seen = visit(part, next)
    rest = join(seen, rest)
    next = seen.isNullable ? union(firstOf(part), next) : firstOf(part)
  }
  return rest
}

/** One after the other: each way through the first part explores the second anew. */
function join(a: Seen, b: Seen): Seen {
  return {
    isNullable: a.isNullable && b.isNullable,
    length: a.length + b.length,
    ways: Math.min(a.ways * b.ways, MAX_WAYS),
    loops: a.loops + b.loops,
    reading: Math.max(a.reading, a.loops + b.reading),
    rereading: Math.max(a.rereading, b.rereading),
  }
}

function visitChoice(branches: readonly Regex[], follow: CharSet): Seen {
  const seen = branches.map((branch) => visit(branch, follow))
  const starts = branches.map((one) =>
    canBeEmpty(one) ? union(firstOf(one), follow) : firstOf(one),
  )
  const isDecided = starts.every((a, i) => starts.every((b, j) => i >= j || !overlaps(a, b)))
  const ways = seen.map((one) => one.ways)
  return {
    isNullable: seen.some((one) => one.isNullable),
    length: Math.max(...seen.map((one) => one.length)),
    ways: isDecided ? Math.max(...ways) : ways.reduce((sum, one) => sum + one, 0),
    loops: Math.max(...seen.map((one) => one.loops)),
    reading: Math.max(...seen.map((one) => one.reading)),
    rereading: Math.max(...seen.map((one) => one.rereading)),
  }
}

function visitRepeat(regex: Extract<Regex, { kind: 'repeat' }>, follow: CharSet): Seen {
  const { min, max, body } = regex
  if (max === 0) return EMPTY
  const first = firstOf(body)
  const inner = visit(body, max > 1 ? union(first, follow) : follow)
  const isExitDecided = min === max || !overlaps(first, follow)
  const isNullable = min === 0 || inner.isNullable
  const length = inner.length === 0 ? 0 : inner.length * max
  const { rereading } = inner
  if (max !== Infinity) {
    const ways = isExitDecided && inner.ways === 1 ? 1 : geometric(inner.ways, min, max)
    // Many rounds of an inner part that reads ahead, or loops, are as bad as a loop.
    const loops = inner.loops * max
    return {
      isNullable,
      length,
      ways,
      loops,
      rereading,
      reading: inner.loops * (max - 1) + inner.reading,
    }
  }
  // Two ways to match one round make 2^n ways to match n rounds; an undecided loop inside is the same.
  const isExponential =
    inner.ways > 1 || inner.loops > 0 || inner.isNullable || inner.reading === Infinity
  const reading = isExponential ? Infinity : 1 + rereading
  return { isNullable, length, ways: 1, loops: isExitDecided ? 0 : 1, rereading, reading }
}

/** Number of ways through `min` to `max` rounds. */
function geometric(ways: number, min: number, max: number): number {
  if (ways === 1) return Math.min(max - min + 1, MAX_WAYS)
  let sum = 0
  for (let rounds = min; rounds <= max && sum < MAX_WAYS; rounds++) sum += ways ** rounds
  return Math.min(sum, MAX_WAYS)
}
