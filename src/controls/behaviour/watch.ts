import type { DetectPolicy } from '../../pipeline/detect-policy.ts'
import type { Counters } from '../../store/counters.ts'
import { BaselineTable } from '../../store/sketches/baseline-table.ts'
import type { Kit } from '../kit.ts'
import { IdWalk } from './id-walk.ts'

/** Callers whose usual amounts are remembered, over all groups: about 300 bytes each. */
const MAX_LINES = 50_000
const WINDOW_MS = 600_000
/** Stretches of ten minutes in which a caller did something before anything of it is unusual. */
const WARM_UP = 6
const LEAST_REQUESTS = 1000

/** What all operations count in together. */
export class Watch {
  readonly walk: IdWalk | undefined
  readonly #volume: DetectPolicy['volume']
  readonly #maxKeys: number
  readonly #tables = new Map<string, BaselineTable>()

  constructor({ enumeration, volume }: DetectPolicy, kit: Kit, groups: number) {
    this.walk = enumeration && new IdWalk(enumeration, kit)
    this.#volume = volume
    this.#maxKeys = Math.max(1000, Math.floor(MAX_LINES / Math.max(1, groups)))
  }

  /** The usual amounts of a group of operations; `undefined` where volumes are not watched. */
  baselines(group: string): BaselineTable | undefined {
    const known = this.#tables.get(group)
    if (known !== undefined || this.#volume === undefined) return known
    const { factor, minBytes } = this.#volume
    const minimum = { requests: LEAST_REQUESTS, bytes: minBytes }
    const table = new BaselineTable({
      maxKeys: this.#maxKeys,
      windowMs: WINDOW_MS,
      warmUp: WARM_UP,
      factor,
      minimum,
    })
    this.#tables.set(group, table)
    return table
  }
}

/** Settings whose counts are kept at the same time; reloads that go back find theirs again. */
const MAX_KINDS = 4
const WATCHES = new WeakMap<Counters, Map<string, Watch>>()

/** What is counted outlives a plan, as the counters do; a plan of other thresholds begins anew. */
export function watchOf(policy: DetectPolicy, kit: Kit, groups: number): Watch {
  const known = WATCHES.get(kit.counters) ?? new Map<string, Watch>()
  WATCHES.set(kit.counters, known)
  const name = JSON.stringify([policy.enumeration, policy.volume, groups])
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= MAX_KINDS) known.clear()
  const fresh = new Watch(policy, kit, groups)
  known.set(name, fresh)
  return fresh
}
