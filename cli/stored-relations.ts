import { existsSync } from 'node:fs'
import { systemClock } from '../src/base/clock.ts'
import type { Settings } from '../src/gateway/config/settings.ts'
import { openStore } from '../src/store/open-store.ts'
import { MemoryRelations } from '../src/store/relations/memory-relations.ts'
import type { RelationRecords } from '../src/store/relations/relation.ts'

/**
 * The tuples of a store as they stand, for commands that only look. The store is opened at the first question, and one
 * that does not exist is not made for it.
 */
export function storedRelations(
  store: Settings['store'],
): Pick<RelationRecords, 'look' | 'changeToken'> {
  let opened: RelationRecords | undefined
  const relations = (): RelationRecords => (opened ??= open(store))
  return {
    look: (questions, maxSets) => relations().look(questions, maxSets),
    changeToken: () => relations().changeToken(),
  }
}

function open(store: Settings['store']): RelationRecords {
  if (store.kind !== 'sqlite' || !existsSync(store.path)) return new MemoryRelations()
  return openStore(`sqlite:${store.path}`, systemClock.nowMs()).relations
}
