import type { CharSet } from '../schema/charset.ts'
import type { Step } from '../schema/regex-steps.ts'
import { stepsOf } from '../schema/regex-steps.ts'
import { parseRegex } from '../schema/regex-syntax.ts'
import { UNBOUNDED } from './layout.ts'

/**
 * The steps of a pattern, see `stepsOf`; `undefined` where it has none that the kernel can count.
 * `source`: for the native engine with the flag `u`.
 */
export function patternSteps(source: string): readonly Step[] | undefined {
  const regex = isNative(source) ? parseRegex(source, true) : undefined
  const steps = regex === undefined ? undefined : stepsOf(regex)
  if (steps === undefined || steps.some(({ min }) => min > UNBOUNDED)) return undefined
  return steps.map(({ set, min, max }) => ({ set, min, max: Math.min(max, UNBOUNDED) }))
}

function isNative(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp
  } catch {
    // Written without the flag in mind: its twin knows how it is read.
    return false
  }
}

/** One bit for each ASCII character of a set, in words of 32 bits. */
export function asciiBits(set: CharSet): Uint32Array {
  const words = new Uint32Array(4)
  for (const [from, to] of set)
    for (let char = from; char <= Math.min(to, 127); char++)
      words[char >> 5] = (words[char >> 5] ?? 0) | (1 << (char & 31))
  return words
}
