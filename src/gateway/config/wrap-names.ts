import type { ConfigPath } from './paths.ts'
import type { Settings } from './settings.ts'

/** A name of a wrapped token's rule that no document has, and where it stands. */
export interface MissingName {
  readonly at: ConfigPath
  readonly name: string
  /** What would have been known there. */
  readonly known: readonly string[]
}

/** APIs and operations that `auth.wrap` names and no document has: their tokens would go out as they are. */
export function missingWrapNames(
  { wraps }: Settings['blocks']['auth'],
  operations: ReadonlyMap<string, ReadonlySet<string>>,
): readonly MissingName[] {
  return wraps.flatMap((rule, index) => {
    const at: ConfigPath = ['auth', 'wrap', ...(wraps.length > 1 ? [index] : [])]
    if (rule.api !== undefined && !operations.has(rule.api))
      return [{ at: [...at, 'api'], name: rule.api, known: [...operations.keys()] }]
    const sets = rule.api === undefined ? [...operations.values()] : [operations.get(rule.api)]
    const known = new Set(sets.flatMap((set) => [...(set ?? [])]))
    const places: readonly [key: string, names: Iterable<string>][] = [
      ['operation', rule.operations],
      ['logout', rule.logout],
      ['opens', rule.opens.keys()],
    ]
    return places.flatMap(([key, names]) =>
      [...names]
        .filter((name) => !known.has(name))
        .map((name) => ({ at: [...at, key], name, known: [...known] })),
    )
  })
}
