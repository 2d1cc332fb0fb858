import type { CharSet } from './charset.ts'
import type { Regex } from './regex-syntax.ts'

/** Characters one after the other: of which set, at least and at most how many. */
export interface Step {
  readonly set: CharSet
  readonly min: number
  readonly max: number
}

/**
 * A pattern as steps that lead from the beginning of a text to its end; `undefined` for all other patterns. A text that
 * the steps lead through, each taking as many characters as it can get, matches the pattern. Others may match too,
 * unless there is one step alone.
 */
export function stepsOf(regex: Regex): readonly Step[] | undefined {
  if (regex.kind !== 'sequence') return undefined
  const [first, ...rest] = regex.parts
  const last = rest.pop()
  if (first?.kind !== 'assert' || first.at !== 'start') return undefined
  if (last?.kind !== 'assert' || last.at !== 'end') return undefined
  const steps = rest.map(stepOf)
  return steps.every((step) => step !== undefined) ? steps : undefined
}

function stepOf(part: Regex): Step | undefined {
  if (part.kind === 'chars')
    return part.property === undefined ? { set: part.set, min: 1, max: 1 } : undefined
  if (part.kind !== 'repeat') return undefined
  const one = stepOf(part.body)
  if (one === undefined || one.min !== 1 || one.max !== 1) return undefined
  return { set: one.set, min: part.min, max: part.max }
}

/**
 * Judges texts of ASCII by such steps. `undefined`: the pattern has to be asked.
 * @param steps of a pattern; `bytes` and `length` are the text.
 */
export function stepJudge(
  steps: readonly Step[],
): (bytes: Uint8Array, length: number) => boolean | undefined {
  const members = steps.map(({ set }) => membersOf(set))
  const otherwise = steps.length === 1 ? false : undefined
  return (bytes, length) => {
    let at = 0
    for (let index = 0; index < steps.length; index++) {
      const { min, max } = steps[index] ?? NO_STEP
      const end = runEnd(bytes, members[index] ?? NONE, { at, end: Math.min(length, at + max) })
      if (end - at < min) return otherwise
      at = end
    }
    return at === length ? true : otherwise
  }
}

const NO_STEP: Step = { set: [], min: 0, max: 0 }
const NONE = new Uint8Array(0)

/** 1 for each character of ASCII that is in a set. */
function membersOf(set: CharSet): Uint8Array {
  const members = new Uint8Array(128)
  for (const [from, to] of set) if (from < 128) members.fill(1, from, to + 1)
  return members
}

/** Where a run of members ends: four at once, so that no answer waits for another. */
function runEnd(
  bytes: Uint8Array,
  members: Uint8Array,
  { at: start, end }: { readonly at: number; readonly end: number },
): number {
  let at = start
  while (at + 4 <= end) {
    const a = members[bytes[at] ?? 0] ?? 0
    const b = members[bytes[at + 1] ?? 0] ?? 0
    const c = members[bytes[at + 2] ?? 0] ?? 0
    const d = members[bytes[at + 3] ?? 0] ?? 0
    if ((a & b & c & d) === 0) break
    at += 4
  }
  while (at < end && members[bytes[at] ?? 0] === 1) at += 1
  return at
}
