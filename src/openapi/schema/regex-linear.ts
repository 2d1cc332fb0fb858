import type { WorkLeft } from './pattern-work.ts'
import { Machine } from './regex-machine.ts'
import { toProgram } from './regex-program.ts'
import type { Regex } from './regex-syntax.ts'

/** Programs for texts up to these lengths, so that `{1,1000}` costs short texts nothing; then the exact one. */
export const PROGRAM_LENGTHS: readonly number[] = [64, 512, Infinity]

/** A judge of texts, and how long they may be. */
export interface Linear {
  readonly maxLength: number
  /** `undefined` where the work was used up, or the text is too long. */
  test(text: string, work: WorkLeft): boolean | undefined
}

/**
 * Compiles a pattern for an engine whose work grows with the text alone, look-ahead included.
 * `undefined` for patterns that refer back, look far behind, or are too large.
 */
export function compileLinear(regex: Regex, isUnicode: boolean): Linear | undefined {
  if (!isUnicode && hasWideChars(regex)) return undefined
  const maxLength = PROGRAM_LENGTHS.findLast((length) => toProgram(regex, length) !== undefined)
  if (maxLength === undefined) return undefined
  const machines: (Machine | undefined)[] = []
  const test: Linear['test'] = (text, work) => {
    if (text.length > maxLength) return undefined
    const index = PROGRAM_LENGTHS.findIndex((length) => text.length <= length)
    machines[index] ??= machineFor(regex, PROGRAM_LENGTHS[index] ?? Infinity, isUnicode)
    return machines[index]?.test(text, work)
  }
  return { maxLength, test }
}

function machineFor(regex: Regex, maxChars: number, isUnicode: boolean): Machine | undefined {
  const program = toProgram(regex, maxChars)
  return program === undefined ? undefined : new Machine(program, isUnicode)
}

/** Without the `u` flag a character beyond U+FFFF is two. */
function hasWideChars(regex: Regex): boolean {
  switch (regex.kind) {
    case 'chars':
      return regex.set.some(([from]) => from > 0xffff)
    case 'sequence':
      return regex.parts.some(hasWideChars)
    case 'choice':
      return regex.branches.some(hasWideChars)
    case 'group':
    case 'repeat':
    case 'look':
      return hasWideChars(regex.body)
    default:
      return false
  }
}
