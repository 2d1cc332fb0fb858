import { asciiBytes } from './ascii-bytes.ts'
import { isAnchored } from './regex-cost.ts'
import { compileLinear } from './regex-linear.ts'
import type { Linear } from './regex-linear.ts'
import type { Step } from './regex-steps.ts'
import { stepJudge, stepsOf } from './regex-steps.ts'
import type { Regex } from './regex-syntax.ts'

/** Parts of a pattern that all have to hold from the beginning of a text. */
interface Parts {
  /** Steps of those that count characters. */
  readonly counted: readonly (readonly Step[])[]
  /** The pattern of all others; `undefined` where there are none. */
  readonly rest: Regex | undefined
}

/** A machine that counts further has a state for each character of a text. */
const MANY_CHARS = 64
const START: Regex = { kind: 'assert', at: 'start' }

/**
 * Judges the parts of a pattern one after the other where it looks ahead from the beginning and counts characters, as
 * rules for passwords do: together, they would be a machine with a state for each count. `undefined` for all other
 * patterns; of a text, where the pattern itself has to be asked. Not for patterns with back-references.
 */
export function compileParts(regex: Regex, isUnicode: boolean): Linear['test'] | undefined {
  const parts = partsOf(regex)
  if (parts === undefined) return undefined
  const { counted, rest } = parts
  const judges = counted.map(stepJudge)
  const others = rest === undefined ? ANYTHING : compileLinear(rest, isUnicode)
  if (others === undefined) return undefined
  return (text, work) => {
    const bytes = asciiBytes(text)
    if (bytes === undefined) return undefined
    for (const judge of judges) {
      const verdict = judge(bytes, text.length)
      if (verdict !== true) return verdict
    }
    return others.test(text, work)
  }
}

const ANYTHING: Linear = { maxLength: Infinity, test: () => true }

function partsOf(regex: Regex): Parts | undefined {
  if (regex.kind !== 'sequence') return undefined
  const end = regex.parts.findIndex((part) => !isInFront(part))
  const front = end < 0 ? regex.parts : regex.parts.slice(0, end)
  const looks = front.filter((part) => part.kind === 'look')
  if (looks.length === 0 || !front.some(isStart)) return undefined
  // What stands behind them has to hold from the same place on.
  const body: Regex = { kind: 'sequence', parts: regex.parts.slice(front.length) }
  const all: readonly Regex[] =
    end < 0 ? looks : [...looks, { kind: 'look', isBehind: false, isNegated: false, body }]
  const [counted, others] = [[], []] as [(readonly Step[])[], Regex[]]
  for (const look of all) {
    const steps = countedSteps(look)
    if (steps === undefined) others.push(look)
    else counted.push(steps)
  }
  if (counted.length === 0) return undefined
  const rest: Regex | undefined =
    others.length === 0 ? undefined : { kind: 'sequence', parts: [START, ...others] }
  return { counted, rest }
}

function isInFront(part: Regex): boolean {
  return isStart(part) || (part.kind === 'look' && !part.isBehind)
}

/** Whether it holds at the beginning of a text alone. */
function isStart(part: Regex): boolean {
  if (part.kind === 'look') return !part.isNegated && !part.isBehind && isAnchored(part.body)
  return part.kind === 'assert' && part.at === 'start'
}

function countedSteps(look: Regex): readonly Step[] | undefined {
  if (look.kind !== 'look' || look.isNegated) return undefined
  const { body } = look
  const parts = body.kind === 'sequence' ? body.parts : [body]
  const begin = parts.findIndex((part) => part.kind !== 'assert' || part.at !== 'start')
  const steps = stepsOf({ kind: 'sequence', parts: [START, ...parts.slice(Math.max(begin, 0))] })
  return steps?.some(({ min, max }) => min >= MANY_CHARS || (max >= MANY_CHARS && max < Infinity))
    ? steps
    : undefined
}
