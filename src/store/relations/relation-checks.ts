import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { GenerationMap } from '../generation-map.ts'
import { checkRelations } from './check.ts'
import type { RelationVerdict } from './check.ts'
import type { RelationRecords, RelationTuple } from './relation.ts'

/** The store is asked for changes at most this often: what was taken away is seen within it. */
const POLL_MS = 100
const MAX_REMEMBERED = 100_000

interface Waiting {
  readonly question: RelationTuple
  readonly resolve: (verdict: RelationVerdict) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Checks of relations, remembered until any tuple changes: an answer is at most 100 ms older than the store. With a store
 * that answers at once everything is synchronous; else questions of one turn of the event loop go out together.
 */
export class RelationChecks {
  readonly #records: Pick<RelationRecords, 'look' | 'changeToken'>
  readonly #verdicts = new GenerationMap<boolean>(MAX_REMEMBERED)
  #waiting: Waiting[] = []
  #isRemote = false
  #token = Number.NaN
  #polledMs = -Infinity
  #epoch = 0

  constructor(records: Pick<RelationRecords, 'look' | 'changeToken'>) {
    this.#records = records
  }

  /**
   * Whether the subject stands in the relation; `undefined`: nobody can tell within the bounds of a check.
   * Throws or rejects with `StoreError` when the store does not answer.
   */
  check(question: RelationTuple, nowMs: number): MaybePromise<RelationVerdict> {
    if (nowMs - this.#polledMs >= POLL_MS || nowMs < this.#polledMs) this.#poll(nowMs)
    const key = keyOf(question)
    const known = this.#verdicts.get(key)
    if (known !== undefined) return known
    const epoch = this.#epoch
    const found = this.#isRemote ? this.#later(question) : this.#now(question)
    if (!isPromise(found)) return this.#keep(key, found, epoch)
    this.#isRemote = true
    return found.then((verdict) => this.#keep(key, verdict, epoch))
  }

  #now(question: RelationTuple): MaybePromise<RelationVerdict> {
    const found = checkRelations(this.#records, [question])
    return isPromise(found) ? found.then(([verdict]) => verdict) : found[0]
  }

  #later(question: RelationTuple): Promise<RelationVerdict> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject })
      if (this.#waiting.length === 1) queueMicrotask(() => void this.#flush())
    })
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const questions = waiting.map(({ question }) => question)
      const verdicts = await checkRelations(this.#records, questions)
      for (const [index, { resolve }] of waiting.entries()) resolve(verdicts[index])
    } catch (cause) {
      for (const { reject } of waiting) reject(cause)
    }
  }

  #keep(key: string, verdict: RelationVerdict, epoch: number): RelationVerdict {
    // An answer that was on its way during a change is not kept.
    if (verdict !== undefined && epoch === this.#epoch) this.#verdicts.set(key, verdict)
    return verdict
  }

  /** A store that does not answer may hide what was taken away: nothing is held then. */
  #poll(nowMs: number): void {
    const token = this.#records.changeToken()
    this.#polledMs = nowMs
    if (token === this.#token) return
    this.#token = token
    this.#verdicts.clear()
    this.#epoch++
  }
}

/** What could be written has no line ends, so that no question has the key of another. */
function keyOf({ tenant, object, relation, subject }: RelationTuple): string {
  return `${tenant.length}:${tenant}${object}\n${relation}\n${subject}`
}
