import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { CHECK_LIMITS } from './check.ts'
import type { RelationRecords, RelationTuple } from './relation.ts'

/** Objects that somebody stands in some relation to. */
export interface SubjectObjects {
  /** `TYPE:ID` and the relation, each once. */
  readonly found: readonly Pick<RelationTuple, 'object' | 'relation'>[]
  /** Nothing was left out because of a bound. */
  readonly isWhole: boolean
}

/** Most tuples that one listing looks at. */
const MAX_TUPLES = 10_000

interface Walk {
  readonly tenant: string
  readonly found: Map<string, Pick<RelationTuple, 'object' | 'relation'>>
  frontier: readonly string[]
  isWhole: boolean
}

/** Everything that a subject stands in a relation to, itself or as a member of a set. Throws `StoreError`. */
export function objectsOf(
  records: Pick<RelationRecords, 'list'>,
  { tenant, subject }: Pick<RelationTuple, 'tenant' | 'subject'>,
): MaybePromise<SubjectObjects> {
  const walk: Walk = { tenant, found: new Map(), frontier: [subject], isWhole: true }
  return andThen(step(records, walk, CHECK_LIMITS.depth), () => ({
    found: [...walk.found.values()],
    isWhole: walk.isWhole,
  }))
}

function step(
  records: Pick<RelationRecords, 'list'>,
  walk: Walk,
  levels: number,
): MaybePromise<void> {
  if (walk.frontier.length === 0) return undefined
  if (levels === 0) {
    walk.isWhole = false
    return undefined
  }
  const subjects = walk.frontier
  walk.frontier = []
  return andThen(collect(records, walk, subjects), () => step(records, walk, levels - 1))
}

function collect(
  records: Pick<RelationRecords, 'list'>,
  walk: Walk,
  [subject, ...rest]: readonly string[],
): MaybePromise<void> {
  if (subject === undefined) return undefined
  const limit = MAX_TUPLES - walk.found.size + 1
  return andThen(records.list({ tenant: walk.tenant, subject, limit }), (tuples) => {
    const next: string[] = []
    for (const { object, relation } of tuples) {
      const set = `${object}#${relation}`
      if (walk.found.has(set)) continue
      if (walk.found.size >= MAX_TUPLES) {
        walk.isWhole = false
        return undefined
      }
      walk.found.set(set, { object, relation })
      next.push(set)
    }
    walk.frontier = [...walk.frontier, ...next]
    return collect(records, walk, rest)
  })
}
