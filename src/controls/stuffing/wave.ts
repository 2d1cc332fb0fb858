import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { StuffingPolicy, Threshold } from '../../pipeline/detect-policy.ts'
import type { Counters } from '../../store/counters.ts'
import { bitsFor, DistinctTable, toldOf } from '../../store/sketches/distinct-table.ts'
import { seededHash } from '../../store/sketches/seeded-hash.ts'
import type { Kit } from '../kit.ts'

/** Sources, and accounts, of which failures are remembered. */
const MAX_KEYS = 10_000
/** 512 bytes for each at most; the first 64 things of each are told apart exactly. */
const LEAST_THINGS = 1024
/** For how long a wave is expected to go on. */
const WAVE_MS = 15 * 60_000

/** Counts what is different among failures: accounts of a source, sources of an account; shared by all threads. */
export class FailureSpread {
  readonly #counters: Counters
  readonly #policy: StuffingPolicy
  readonly #accounts: DistinctTable
  readonly #sources: DistinctTable
  readonly #seed: number

  constructor(policy: StuffingPolicy, { counters, dataKeys }: Pick<Kit, 'counters' | 'dataKeys'>) {
    this.#counters = counters
    this.#policy = policy
    this.#accounts = tableOf(policy.accounts)
    this.#sources = tableOf(policy.sources)
    this.#seed = seededHash(dataKeys.current('').hash('detect.stuffing'), 0)
  }

  /** Whether a source failed at too many accounts by this one. */
  manyAccounts(source: string, account: string, nowMs: number): MaybePromise<boolean> {
    const what = { kind: 'accounts', key: source, of: account } as const
    return this.#note(this.#accounts, what, nowMs)
  }

  /** Whether an account was failed at by too many sources by this one. */
  manySources(account: string, source: string, nowMs: number): MaybePromise<boolean> {
    const what = { kind: 'sources', key: account, of: source } as const
    return this.#note(this.#sources, what, nowMs)
  }

  /** Counts a failure that no account knows the place of. @returns whether there are too many of them everywhere. */
  wave(operation: string, nowMs: number): MaybePromise<boolean> {
    const rule = { ...this.#policy.spread, banMs: WAVE_MS }
    const failed = this.#counters.fail(`stuffing-wave:${operation}`, rule, nowMs)
    return andThen(failed, ({ bannedUntilMs }) => bannedUntilMs !== undefined)
  }

  /** Whether an operation is in the middle of a wave. */
  isWave(operation: string, nowMs: number): MaybePromise<boolean> {
    const banned = this.#counters.isBanned(`stuffing-wave:${operation}`, nowMs)
    return andThen(banned, (untilMs) => untilMs !== undefined)
  }

  #note(
    table: DistinctTable,
    { kind, key, of }: { readonly kind: 'accounts' | 'sources'; readonly key: string; of: string },
    nowMs: number,
  ): MaybePromise<boolean> {
    const { count, windowMs } = this.#policy[kind]
    const [hash] = table.note(key, seededHash(of, this.#seed), nowMs)
    if (hash === undefined) return false
    const once = { count: 1, windowMs, burst: 1 }
    const most = toldOf(count, bitsOf(count))
    const all = { count: most, windowMs, burst: most }
    // Another thread may have counted the same thing already.
    const first = this.#counters.take(`stuffing-seen:${kind}:${key}:${hash}`, once, 1, nowMs)
    return andThen(first, ({ allowed }) => {
      if (!allowed) return false
      const taken = this.#counters.take(`stuffing-${kind}:${key}`, all, 1, nowMs)
      return andThen(taken, (found) => !found.allowed)
    })
  }
}

function tableOf({ count, windowMs }: Threshold): DistinctTable {
  return new DistinctTable({
    maxKeys: MAX_KEYS,
    bits: bitsOf(count),
    early: 1,
    windowMs,
  })
}

function bitsOf(count: number): number {
  return bitsFor(Math.max(LEAST_THINGS, count))
}
