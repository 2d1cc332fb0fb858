import type { Check } from './node.ts'
import type { Pattern } from './pattern.ts'
import { compilePatternSet } from './pattern-set.ts'
import type { PatternSet } from './pattern-set.ts'

/** What `patternProperties` says of names of one form; `undefined`: the name is known to be of that form. */
export type NamePattern = readonly [pattern: Pattern | undefined, check: Check]

/** All of `patternProperties`. */
export interface NamePatterns {
  readonly all: readonly NamePattern[]
  /** The same, judged together. */
  readonly set: PatternSet<readonly NamePattern[]> | undefined
}

/** Prepares patterns so that a name is read once for all of them. */
export function joinNamePatterns(all: readonly NamePattern[]): NamePatterns {
  const set = compilePatternSet(
    all.map(([pattern]) => pattern),
    (verdicts) =>
      all.flatMap(([pattern, check], index): readonly NamePattern[] => {
        if (verdicts[index] === 'no') return []
        return [[verdicts[index] === 'yes' ? undefined : pattern, check]]
      }),
  )
  return { all, set }
}

/** Those that match a name, and those that are to be asked. */
export function patternsFor({ all, set }: NamePatterns, name: string): readonly NamePattern[] {
  return set?.judge(name) ?? all
}
