import type { CharSet } from '../schema/charset.ts'
import type { Regex } from '../schema/regex-syntax.ts'
import { parseRegex } from '../schema/regex-syntax.ts'
import { UNBOUNDED } from './layout.ts'

/** Characters one after the other: of which set, at least and at most how many. */
export interface Step {
  readonly set: CharSet
  readonly min: number
  readonly max: number
}

/**
 * A pattern as steps that lead from the beginning of a text to its end; `undefined` for all other patterns. A text that
 * the steps lead through, each taking as many characters as it can get, matches the pattern. Others may match too.
 * `source`: for the native engine with the flag `u`.
 */
export function patternSteps(source: string): readonly Step[] | undefined {
  if (!isNative(source)) return undefined
  const regex = parseRegex(source, true)
  if (regex?.kind !== 'sequence') return undefined
  const { parts } = regex
  const [first, ...rest] = parts
  const last = rest.pop()
  if (first?.kind !== 'assert' || first.at !== 'start') return undefined
  if (last?.kind !== 'assert' || last.at !== 'end') return undefined
  const steps = rest.map(stepOf)
  return steps.every((step) => step !== undefined) ? steps : undefined
}

function isNative(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp
  } catch {
    // Written without the flag in mind: its twin knows how it is read.
    return false
  }
}

function stepOf(part: Regex): Step | undefined {
  if (part.kind === 'chars')
    return part.property === undefined ? { set: part.set, min: 1, max: 1 } : undefined
  if (part.kind !== 'repeat') return undefined
  const one = stepOf(part.body)
  if (one === undefined || one.min !== 1 || one.max !== 1) return undefined
  const { min, max } = part
  return min > UNBOUNDED ? undefined : { set: one.set, min, max: Math.min(max, UNBOUNDED) }
}

/** One bit for each ASCII character of a set, in words of 32 bits. */
export function asciiBits(set: CharSet): Uint32Array {
  const words = new Uint32Array(4)
  for (const [from, to] of set)
    for (let char = from; char <= Math.min(to, 127); char++)
      words[char >> 5] = (words[char >> 5] ?? 0) | (1 << (char & 31))
  return words
}
