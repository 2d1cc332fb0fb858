import type { Pattern } from './pattern.ts'
import type { WorkLeft } from './pattern-work.ts'
import { PROGRAM_LENGTHS } from './regex-linear.ts'
import { Machine } from './regex-machine.ts'
import { toJoinedProgram, toProgram } from './regex-program.ts'
import type { Regex } from './regex-syntax.ts'

/** What is known of one pattern and one text. */
export type Verdict = 'no' | 'yes' | 'unknown'

/** Judges texts by several patterns at once. */
export interface PatternSet<T> {
  /** What `view` made of the verdicts on a text; `undefined` where the patterns have to be asked one by one. */
  judge(text: string): T | undefined
}

/** Looks at nodes that texts may cost in advance, and that each text pays back: about 0.5 ms and 0.1 us. */
const CREDIT = 100_000
const PAID_BACK = 20

/**
 * Joins patterns into one judge, so that a text is read once and not once for each: what many branches or
 * `patternProperties` would cost. `undefined` where fewer than two can be joined. `view` is asked once for each
 * combination of verdicts that comes up, with one verdict for each pattern; what it answers is kept.
 */
export function compilePatternSet<T>(
  patterns: readonly (Pattern | undefined)[],
  view: (verdicts: readonly Verdict[]) => T,
): PatternSet<T> | undefined {
  const regexes = patterns.map((pattern) => joinable(pattern?.regex))
  const joined = regexes.filter((regex) => regex !== undefined)
  if (joined.length < 2 || toJoinedProgram(joined, Infinity) === undefined) return undefined
  const places = regexes.flatMap((regex, index) => (regex === undefined ? [] : [index]))
  const toView = (held: readonly boolean[]): T => {
    const verdicts: Verdict[] = patterns.map(() => 'unknown')
    for (const [at, index] of places.entries()) verdicts[index] = held[at] === true ? 'yes' : 'no'
    return view(verdicts)
  }
  const judges: (Judge<T> | undefined)[] = []
  const work = { left: CREDIT }
  return {
    judge: (text) => {
      work.left = Math.min(CREDIT, work.left + PAID_BACK)
      const index = PROGRAM_LENGTHS.findIndex((length) => text.length <= length)
      judges[index] ??= new Judge(joined, PROGRAM_LENGTHS[index] ?? Infinity, toView)
      return judges[index]?.judge(text, work)
    },
  }
}

/** Other patterns are judged by other engines. */
function joinable(regex: Regex | undefined): Regex | undefined {
  return regex !== undefined && toProgram(regex, Infinity) !== undefined ? regex : undefined
}

/** The judge of texts up to some length. */
class Judge<T> {
  readonly #machine: Machine | undefined
  readonly #starts: readonly number[]
  readonly #toView: (held: readonly boolean[]) => T
  /** By the nodes that hold at the beginning of a text. */
  readonly #views = new WeakMap<Uint16Array, { readonly view: T }>()

  constructor(
    regexes: readonly Regex[],
    maxChars: number,
    toView: (held: readonly boolean[]) => T,
  ) {
    const found = toJoinedProgram(regexes, maxChars)
    this.#machine = found === undefined ? undefined : new Machine(found.program, true)
    this.#starts = found?.starts ?? []
    this.#toView = toView
  }

  judge(text: string, work: WorkLeft): T | undefined {
    const nodes = this.#machine?.nodesAtStart(text, work)
    if (nodes === undefined) return undefined
    const known = this.#views.get(nodes)
    if (known !== undefined) return known.view
    const view = this.#toView(this.#starts.map((start) => nodes.includes(start)))
    this.#views.set(nodes, { view })
    return view
  }
}
