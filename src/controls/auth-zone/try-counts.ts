import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { LimitKeyPart, Rate } from '../../base/units.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Taken } from '../../store/counters.ts'
import type { Kit } from '../kit.ts'
import { limitDenial } from '../limit-answer.ts'
import { limitKey, spellingOf } from '../operation-limit/limit-key.ts'
import { forgiveSpelling, noteSpelling, speltKey } from '../spelt-count.ts'
import type { SpeltCount } from '../spelt-count.ts'
import { provesIdentity } from './is-auth-operation.ts'

/** Counts tries of one log-in per address and account. */
export class TryCounts {
  readonly #rate: Rate
  readonly #site: Site
  readonly #kit: Kit
  readonly #isProof: boolean
  /** The one count of a try, until its answer. */
  readonly #taken = new WeakMap<Exchange, SpeltCount>()

  constructor(rate: Rate, site: Site, kit: Kit) {
    this.#rate = rate
    this.#site = site
    this.#kit = kit
    this.#isProof = provesIdentity(site.operation)
  }

  /**
   * One count for the address with each name the account is called by (`paths` into the body); without any, one for
   * the address. Counted before the answer is known, so that many tries at once gain nothing.
   */
  take(exchange: Exchange, paths: readonly string[]): MaybePromise<Denial | undefined> {
    const nowMs = this.#kit.clock.nowMs()
    // Behind a proxy that nobody listed one address is everybody.
    if (paths.length === 0 && exchange.hidesClients) return undefined
    const keys = this.#keysOf(exchange, paths)
    const [only] = keys
    // Named twice, nobody knows whose password was right; named by nobody, all share one count.
    const [name] = paths
    if (this.#isProof && paths.length === 1 && only !== undefined && name !== undefined) {
      const spelling = spellingOf(exchange, { from: 'body', name })
      this.#taken.set(exchange, { key: only, spelt: speltKey(only, spelling), rate: this.#rate })
    }
    const taken = keys.map((key) => this.#kit.counters.take(key, this.#rate, 1, nowMs))
    if (!taken.some(isPromise)) return this.#judge(exchange, taken as readonly Taken[])
    return Promise.all(taken.map((one) => Promise.resolve(one))).then((found) =>
      this.#judge(exchange, found),
    )
  }

  /** Who succeeds has not guessed: only failures stay counted. */
  note(exchange: Exchange, outcome: 'failed' | 'succeeded'): MaybePromise<unknown> {
    const count = this.#taken.get(exchange)
    if (count === undefined) return undefined
    if (outcome === 'failed') return noteSpelling(count, this.#kit)
    return forgiveSpelling(count, 1, this.#kit)
  }

  #keysOf(exchange: Exchange, paths: readonly string[]): readonly string[] {
    const names: readonly LimitKeyPart[][] =
      paths.length === 0 ? [[]] : paths.map((name) => [{ from: 'body', name }])
    return names.map(
      (parts) => `auth:${this.#site.label}:${limitKey(exchange, [{ from: 'ip' }, ...parts])}`,
    )
  }

  #judge(exchange: Exchange, taken: readonly Taken[]): Denial | undefined {
    const full = taken.find(({ allowed }) => !allowed)
    if (full === undefined) return undefined
    return limitDenial(exchange, 'auth_tries', {
      limit: { name: 'auth', rate: this.#rate },
      taken: full,
    })
  }
}
