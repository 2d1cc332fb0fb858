import type { Clock } from '../base/clock.ts'
import { findValue } from '../controls/lookups/find-value.ts'
import { FoundValues } from '../controls/lookups/found-values.ts'
import type { Kit } from '../controls/kit.ts'
import type { Site } from '../pipeline/site.ts'
import { RelationChecks } from '../store/relations/relation-checks.ts'
import type { RelationRecords } from '../store/relations/relation.ts'
import { KeyVersions, newKeyVersions } from '../store/shared/key-versions.ts'
import { ValueSources } from '../store/sources/value-sources.ts'

/** Whom conditions ask, for as long as the process runs. */
export class FactServices {
  readonly relations: RelationChecks
  readonly sources: ValueSources = new ValueSources()
  /** What is forgotten here is forgotten by every thread that has the same memory. */
  readonly versions: KeyVersions

  constructor(
    relations: Pick<RelationRecords, 'look' | 'changeToken'>,
    versions: KeyVersions = new KeyVersions(newKeyVersions()),
  ) {
    this.relations = new RelationChecks(relations)
    this.versions = versions
  }
}

/** What the conditions of one plan ask. What look-ups have found is remembered for the plan. */
export function factsOf(
  { relations, sources, versions }: FactServices,
  clock: Clock,
  sites: readonly Site[],
): Required<Pick<Kit, 'facts' | 'found'>> {
  const found = new FoundValues(versions, () => clock.nowMs())
  const parts = { found, sources, sites }
  return {
    found,
    facts: (site) => {
      const { lookups } = site.policy.authorize
      // Read once for every look-up that a condition names.
      const lookupNames = [...(lookups?.keys() ?? [])]
      return {
        relation: (question) => relations.check(question, clock.nowMs()),
        lookupNames,
        lookup: (name, at) => {
          const rule = lookups?.get(name)
          // Only names that are listed are asked for.
          if (rule === undefined) throw new Error(`no look-up ${name}`)
          return findValue({ name, rule, site, at }, parts)
        },
      }
    },
  }
}
