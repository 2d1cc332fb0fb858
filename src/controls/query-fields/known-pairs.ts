import type { Hidden } from './hidden-fields.ts'
import { judgeParameter } from './judge-query.ts'
import type { QueryFault } from './judge-query.ts'
import type { SiteQueries } from './site-queries.ts'

/** Pairs that are remembered of one set of hidden fields; then all are forgotten. */
const MAX_PAIRS = 256
/** Longer ones are judged anew. */
const MAX_CHARS = 64

/** Remembers what was said of pairs: clients ask by the same few again and again, and reading one takes microseconds. */
export class KnownPairs {
  readonly #queries: SiteQueries
  readonly #known = new WeakMap<Hidden, Map<string, QueryFault | undefined>>()

  constructor(queries: SiteQueries) {
    this.#queries = queries
  }

  /** As `judgeParameter`. */
  judge(name: string, value: string, hidden: Hidden): QueryFault | undefined {
    const judging = { queries: this.#queries, hidden }
    if (name.length + value.length > MAX_CHARS) return judgeParameter(name, value, judging)
    const known = this.#known.get(hidden) ?? new Map<string, QueryFault | undefined>()
    // The length tells where the name ends, whatever it holds.
    const key = `${name.length}:${name}${value}`
    const fault = known.get(key)
    if (fault !== undefined || known.has(key)) return fault
    const found = judgeParameter(name, value, judging)
    if (known.size >= MAX_PAIRS) known.clear()
    this.#known.set(hidden, known.set(key, found))
    return found
  }
}
