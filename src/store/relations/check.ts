import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isRelationName, isRelationObject, isRelationSubject, setOf } from './relation.ts'
import type { RelationLook, RelationRecords, RelationTuple } from './relation.ts'

/** How far a check follows sets: levels, sets of one object and relation, and sets in all. */
export const CHECK_LIMITS = { depth: 8, setsOfOne: 100, setsInAll: 500 } as const

/** What a check came to; `undefined`: it would have gone beyond its bounds, so that nobody can tell. */
export type RelationVerdict = boolean | undefined

interface Search {
  readonly question: RelationTuple
  /** Sets that were looked into, as they are written. */
  readonly seen: Set<string>
  frontier: readonly RelationTuple[]
  isBeyond: boolean
  verdict: RelationVerdict
}

/**
 * Whether each subject stands in the relation that is asked for, itself or as a member of a set. Circles end. All
 * questions go on together: one `look` for each level. Throws `StoreError`.
 */
export function checkRelations(
  records: Pick<RelationRecords, 'look'>,
  questions: readonly RelationTuple[],
): MaybePromise<readonly RelationVerdict[]> {
  const searches = questions.map((question) => newSearch(question))
  return andThen(step(records, searches, CHECK_LIMITS.depth), () =>
    searches.map(({ verdict, isBeyond }) => (isBeyond && verdict !== true ? undefined : verdict)),
  )
}

function newSearch(question: RelationTuple): Search {
  const { object, relation, subject } = question
  // What could not be written decides nothing; a caller that is called like a set is none of its members.
  const isSound = isRelationObject(object) && isRelationName(relation) && isRelationSubject(subject)
  return {
    question,
    seen: new Set([`${object}#${relation}`]),
    frontier: isSound ? [question] : [],
    isBeyond: !isSound,
    verdict: false,
  }
}

function step(
  records: Pick<RelationRecords, 'look'>,
  searches: readonly Search[],
  levels: number,
): MaybePromise<void> {
  const open = searches.filter(({ frontier }) => frontier.length > 0)
  if (open.length === 0) return undefined
  if (levels === 0) {
    for (const search of open) search.isBeyond = true
    return undefined
  }
  const asked = open.flatMap(({ frontier }) => frontier)
  return andThen(records.look(asked, CHECK_LIMITS.setsOfOne + 1), (looks) => {
    let from = 0
    for (const search of open) {
      const count = search.frontier.length
      advance(search, looks.slice(from, from + count))
      from += count
    }
    return step(records, open, levels - 1)
  })
}

function advance(search: Search, looks: readonly RelationLook[]): void {
  const { question, seen } = search
  search.frontier = []
  if (looks.some(({ isDirect }) => isDirect)) {
    search.verdict = true
    return
  }
  const next: RelationTuple[] = []
  for (const { sets } of looks) {
    if (sets.length > CHECK_LIMITS.setsOfOne) search.isBeyond = true
    for (const set of sets.slice(0, CHECK_LIMITS.setsOfOne)) {
      const place = seen.has(set) ? undefined : setOf(set)
      if (place === undefined) continue
      seen.add(set)
      next.push({ ...question, ...place })
    }
  }
  if (seen.size <= CHECK_LIMITS.setsInAll) search.frontier = next
  else search.isBeyond = true
}
