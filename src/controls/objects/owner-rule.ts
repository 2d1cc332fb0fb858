import type { Condition } from '../../pipeline/conditions/condition.ts'

/** Whose an object is: a condition on it, and what it was written for. */
export interface OwnerRule {
  /** Name of the schema, or id of the operation, for the log. */
  readonly name: string
  /** `reads` is absent where it looks at more than it could name. */
  readonly condition: Pick<Condition, 'holds'> & Partial<Pick<Condition, 'reads' | 'text' | 'at'>>
}
