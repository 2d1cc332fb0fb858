/** Steps that dear patterns may still take. */
export interface WorkLeft {
  left: number
}

/** Steps that all texts of one value may cost together where a pattern is dear: about half a millisecond. */
export const MAX_PATTERN_STEPS: number = 100_000
