import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { EnumerationPolicy, Threshold } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { BucketRate, Counters } from '../../store/counters.ts'
import { bitsFor, DistinctTable, toldOf } from '../../store/sketches/distinct-table.ts'
import { seededHash } from '../../store/sketches/seeded-hash.ts'
import type { Kit } from '../kit.ts'
import type { Suspect } from '../penalty-record.ts'

/** Behind one address there may be several people. */
const CROWD = 2
/** Callers of whom the ids of a day are remembered: at most 1 KiB each at the usual thresholds, mostly far less. */
const MAX_CALLERS = 20_000
/** So many threads and nodes together find a walk that goes through all of them. */
const MOST_OBSERVERS = 16

/** Query parameters that name an object by their spelling. */
const ID_NAME = /^(?:id|uuid|guid)$|(?:_id|-id|Id|ID|_uuid|Uuid)$/

interface Rates {
  readonly fast: BucketRate
  readonly slow: BucketRate
}

/** Counts the different objects that each caller asks for, over all threads and nodes. */
export class IdWalk {
  readonly #counters: Counters
  readonly #table: DistinctTable
  readonly #seed: number
  readonly #one: Rates
  readonly #crowd: Rates
  readonly #once: BucketRate

  constructor({ fast, slow }: EnumerationPolicy, kit: Kit) {
    const bits = bitsFor(slow.count * CROWD)
    this.#counters = kit.counters
    this.#seed = seedOf(kit)
    this.#table = new DistinctTable({
      maxKeys: MAX_CALLERS,
      bits,
      early: Math.max(1, Math.floor(Math.min(fast.count, slow.count) / MOST_OBSERVERS)),
      windowMs: slow.windowMs,
    })
    this.#one = { fast: rateOf(fast, 1, bits), slow: rateOf(slow, 1, bits) }
    this.#crowd = { fast: rateOf(fast, CROWD, bits), slow: rateOf(slow, CROWD, bits) }
    this.#once = { count: 1, windowMs: slow.windowMs, burst: 1 }
  }

  /** What names the object of a request at an operation, as a hash; `undefined`: its operation has none. */
  hasherOf({
    operation,
    publicBase,
  }: Site): ((exchange: Exchange) => number | undefined) | undefined {
    const names = operation.parameters
      .filter(({ place, name }) => place === 'query' && ID_NAME.test(name))
      .map(({ name }) => name)
    const hasPath = operation.template.includes('{')
    if (!hasPath && names.length === 0) return undefined
    // The same object under another method is the same object.
    const salt = seededHash(publicBase + operation.template, this.#seed)
    return (exchange) => {
      let hash = salt
      for (const value of exchange.pathValues) hash = seededHash(value, hash)
      if (names.length === 0) return hash
      const before = hash
      for (const [name, value] of exchange.query.pairs)
        if (names.includes(name)) hash = seededHash(value, hash)
      return hash === before && !hasPath ? undefined : hash
    }
  }

  /** Notes an object. @returns whether the caller has asked for too many by it. */
  note({ id, isAddress }: Suspect, hash: number, nowMs: number): MaybePromise<boolean> {
    const hashes = this.#table.note(id, hash, nowMs)
    const rates = isAddress ? this.#crowd : this.#one
    let isOver: MaybePromise<boolean> = false
    for (const one of hashes)
      isOver = andThen(isOver, (before) =>
        andThen(this.#count(`${id}:${one}`, id, rates, nowMs), (over) => over || before),
      )
    return isOver
  }

  #count(thing: string, id: string, rates: Rates, nowMs: number): MaybePromise<boolean> {
    const counters = this.#counters
    // Somebody else may have counted the same object already.
    return andThen(counters.take(`ids-seen:${thing}`, this.#once, 1, nowMs), ({ allowed }) => {
      if (!allowed) return false
      return andThen(counters.take(`ids-fast:${id}`, rates.fast, 1, nowMs), (fast) => {
        // A quota: nothing flows back before the day is over.
        const slow = { key: `ids-slow:${id}`, kind: 'window', rate: rates.slow, cost: 1 } as const
        return andThen(counters.decide([slow], nowMs), (day) => !fast.allowed || !day.allowed)
      })
    })
  }
}

function rateOf({ count, windowMs }: Threshold, times: number, bits: number): BucketRate {
  const told = toldOf(count * times, bits)
  return { count: told, windowMs, burst: told }
}

/** The same in all threads, secret, so that nobody can choose ids whose hashes meet. */
function seedOf({ dataKeys }: Kit): number {
  return seededHash(dataKeys.current('').hash('detect.enumeration'), 0)
}
