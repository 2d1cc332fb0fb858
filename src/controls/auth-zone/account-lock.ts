import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { FailureLimit, Rate } from '../../base/units.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { isKnown, markKnown } from '../known-device.ts'
import type { Kit } from '../kit.ts'
import { banDenial } from '../limit-answer.ts'
import { limitKey, spellingOf } from '../operation-limit/limit-key.ts'
import type { NamedPart } from '../operation-limit/limit-key.ts'
import { forgiveSpelling, noteSpelling, speltKey } from '../spelt-count.ts'
import type { SpeltCount } from '../spelt-count.ts'
import { isProgram } from './accounts.ts'

/** The refusal of a locked account; outside it is a wrong password. */
export const ACCOUNT_LOCKED = 'auth_locked'

const LOCKED: Denial = Object.freeze({ reason: ACCOUNT_LOCKED, detail: 'too many failures' })

/** From this failure in a row on, whoever fails waits: 1, 2, 4 … 60 seconds [SES-04]. */
const FIRST_WAIT = 4
const MAX_WAIT_MS = 60_000
/** Failures in a row are remembered so long; a hundred are as good as a lock [63B, D11]. */
const IN_A_ROW: FailureLimit = { count: 100, windowMs: 1_800_000, banMs: 1_800_000 }

/** One name that a log-in calls an account by, as keys of counts. */
interface AccountKeys {
  /** The account, wherever the tries come from. */
  readonly account: string
  /** The account with the address. */
  readonly source: string
  /** The same, of this spelling of the account alone: another one may be somebody else's. */
  readonly known: string
  /** Failures in all. */
  readonly inAll: SpeltCount
}

/** Failures in a year without any success between them: then only somebody who unlocks it helps [63B, D11]. */
const IN_ALL: Rate = { count: 100, windowMs: 365 * 86_400_000, burst: 100 }

/** Locks accounts by the API's own answers, and slows down whoever fails. */
export class AccountLock {
  readonly #site: Site
  readonly #kit: Kit
  readonly #rule: FailureLimit
  /** What a request tries, from its body until its answer. */
  readonly #tries = new WeakMap<Exchange, readonly AccountKeys[]>()

  constructor(parts: { readonly site: Site; readonly kit: Kit; readonly rule: FailureLimit }) {
    this.#site = parts.site
    this.#kit = parts.kit
    this.#rule = parts.rule
  }

  /** Judges a try before the API sees it. `paths`: members of the body that name the account. */
  judge(exchange: Exchange, paths: readonly string[]): MaybePromise<Denial | undefined> {
    const tries = paths
      .filter((path) => !isProgram(path))
      .map((name) => this.#keysOf(exchange, name))
    if (tries.length === 0) return undefined
    this.#tries.set(exchange, tries)
    return tries.reduce<MaybePromise<Denial | undefined>>(
      (before, one) => andThen(before, (denial) => denial ?? this.#judgeOne(exchange, one)),
      undefined,
    )
  }

  /** Whether the one account that a try names logged in from its address before. */
  knowsAddress(exchange: Exchange, paths: readonly string[]): MaybePromise<boolean> {
    const [only, ...others] = paths.filter((path) => !isProgram(path))
    if (only === undefined || others.length > 0 || exchange.hidesClients) return false
    return isKnown(this.#keysOf(exchange, only).known, this.#kit)
  }

  /** Notes what the API said. */
  note(exchange: Exchange, outcome: 'failed' | 'succeeded'): MaybePromise<unknown> {
    const tries = this.#tries.get(exchange) ?? []
    if (outcome === 'failed')
      return tries.reduce<MaybePromise<unknown>>(
        (before, one) => andThen(before, () => this.#noteFailure(exchange, one)),
        undefined,
      )
    const [only] = tries
    // Named twice, nobody knows whose password was right: the other account may be somebody else's.
    return only === undefined || tries.length > 1 ? undefined : this.#noteSuccess(exchange, only)
  }

  #keysOf(exchange: Exchange, name: string): AccountKeys {
    const { label } = this.#site
    const part: NamedPart = { from: 'body', name }
    const account = `${label}:${limitKey(exchange, [part])}`
    const source = `${label}:${limitKey(exchange, [{ from: 'ip' }, part])}`
    const spelling = spellingOf(exchange, part)
    const key = `auth-all:${account}`
    return {
      account,
      source,
      known: speltKey(source, spelling),
      inAll: { key, spelt: speltKey(key, spelling), rate: IN_ALL },
    }
  }

  #judgeOne(
    exchange: Exchange,
    { account, source, known }: AccountKeys,
  ): MaybePromise<Denial | undefined> {
    const { clock } = this.#kit
    const nowMs = clock.nowMs()
    return andThen(this.#waitUntil(exchange, source, nowMs), (untilMs) => {
      if (untilMs !== undefined)
        return banDenial(exchange, 'auth_wait', { rule: IN_A_ROW, waitMs: untilMs - nowMs })
      return andThen(this.#isLocked(account, nowMs), (isLocked) =>
        isLocked ? this.#unlessKnown(exchange, known) : undefined,
      )
    })
  }

  /** For a while after some failures in a row, or until somebody unlocks it after very many. */
  #isLocked(account: string, nowMs: number): MaybePromise<boolean> {
    const { counters } = this.#kit
    return andThen(
      counters.isBanned(`auth-lock:${account}`, nowMs),
      (untilMs) =>
        untilMs !== undefined ||
        andThen(counters.peek(`auth-all:${account}`, IN_ALL, 1, nowMs), ({ allowed }) => !allowed),
    )
  }

  #waitUntil(
    { hidesClients }: Exchange,
    source: string,
    nowMs: number,
  ): MaybePromise<number | undefined> {
    // Behind a proxy that nobody listed one address is everybody.
    return hidesClients ? undefined : this.#kit.counters.isBanned(`auth-wait:${source}`, nowMs)
  }

  #unlessKnown({ hidesClients }: Exchange, known: string): MaybePromise<Denial | undefined> {
    if (hidesClients) return LOCKED
    return andThen(isKnown(known, this.#kit), (isThere) => (isThere ? undefined : LOCKED))
  }

  #noteFailure(
    { hidesClients }: Exchange,
    { account, source, known, inAll }: AccountKeys,
  ): MaybePromise<unknown> {
    const { counters, clock } = this.#kit
    const nowMs = clock.nowMs()
    const lock = (): MaybePromise<unknown> =>
      andThen(counters.take(inAll.key, IN_ALL, 1, nowMs), () =>
        andThen(noteSpelling(inAll, this.#kit), () =>
          counters.fail(`auth-lock:${account}`, this.#rule, nowMs),
        ),
      )
    if (hidesClients) return lock()
    return andThen(counters.fail(`auth-row:${source}`, IN_A_ROW, nowMs), ({ failures }) =>
      andThen(this.#slowDown(source, failures, nowMs), () =>
        // The owner's own mistakes lock nobody out; they are slowed down like all.
        andThen(isKnown(known, this.#kit), (isThere) => (isThere ? undefined : lock())),
      ),
    )
  }

  #slowDown(source: string, failures: number, nowMs: number): MaybePromise<unknown> {
    const waitMs = waitAfterMs(failures)
    if (waitMs === 0) return undefined
    const rule = { count: 1, windowMs: 1000, banMs: waitMs }
    return this.#kit.counters.fail(`auth-wait:${source}`, rule, nowMs)
  }

  #noteSuccess(
    { hidesClients }: Exchange,
    { account, source, known, inAll }: AccountKeys,
  ): MaybePromise<unknown> {
    const { counters } = this.#kit
    const forgotten = andThen(forgiveSpelling(inAll, 0, this.#kit), (isForgiven) =>
      isForgiven
        ? andThen(counters.reset(`auth-lock:${account}`), () =>
            counters.reset(`auth-row:${source}`),
          )
        : undefined,
    )
    return andThen(forgotten, () => (hidesClients ? undefined : markKnown(known, this.#kit)))
  }
}

/** How long whoever failed so often in a row must wait, in milliseconds. */
export function waitAfterMs(failures: number): number {
  if (failures < FIRST_WAIT) return 0
  return Math.min(MAX_WAIT_MS, 1000 * 2 ** Math.min(failures - FIRST_WAIT, 10))
}
