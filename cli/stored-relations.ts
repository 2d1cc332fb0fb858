import { existsSync } from 'node:fs'
import { systemClock } from '../src/base/clock.ts'
import { andThen } from '../src/base/maybe-promise.ts'
import type { MaybePromise } from '../src/base/maybe-promise.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import { recordsOf } from '../src/store/open-store.ts'
import { MemoryRelations } from '../src/store/relations/memory-relations.ts'
import type { RelationRecords } from '../src/store/relations/relation.ts'

/**
 * The tuples of a store as they stand, for commands that only look: nothing is migrated. The store is opened at the
 * first question, and a file that does not exist is not made for it.
 */
export function storedRelations(
  store: Settings['store'],
): Pick<RelationRecords, 'look' | 'changeToken'> {
  let opened: MaybePromise<Pick<RelationRecords, 'look'>> | undefined
  return {
    look: (questions, maxSets) =>
      andThen((opened ??= open(store)), (relations) => relations.look(questions, maxSets)),
    // One command asks at one moment.
    changeToken: () => 0,
  }
}

function open(store: Settings['store']): MaybePromise<Pick<RelationRecords, 'look'>> {
  if (store.kind === 'memory') return new MemoryRelations()
  if (store.kind === 'sqlite' && !existsSync(store.path)) return new MemoryRelations()
  const records = recordsOf(store, systemClock.nowMs())
  return andThen(records.open('reader'), () => records.relations)
}
