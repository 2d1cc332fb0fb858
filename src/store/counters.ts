import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KeptKey } from './kept-key.ts'

/**
 * `count` units flow back per `windowMs` milliseconds; at most `burst` may be taken at once.
 * All three are finite and above 0.
 */
export interface BucketRate {
  readonly count: number
  readonly windowMs: number
  readonly burst: number
}

/** `count` failures within `windowMs` milliseconds ban the key for `banMs` milliseconds. */
export interface BanRule {
  readonly count: number
  readonly windowMs: number
  readonly banMs: number
}

/**
 * One policy of a decision: `cost` units of `key` at `rate`. `bucket`: GCRA, as in `take`. `window`: a sliding quota of
 * `count` per `windowMs`; its `burst` says nothing. Keys of the two kinds do not meet.
 */
export interface Demand {
  readonly key: string
  readonly kind: 'bucket' | 'window'
  readonly rate: BucketRate
  readonly cost: number
  /**
   * The key is one that the caller has proven to be, and nothing that a request may make up: a table that is full
   * forgets others first. Default: no.
   */
  readonly isProven?: boolean
}

/** What a decision over several policies came to. */
export interface Decision {
  /** Every policy allows it, and each has been taken from; otherwise none has. */
  readonly allowed: boolean
  /**
   * What each policy says, in the order of the demands. Where the decision refuses, `allowed` is what the policy alone
   * would have answered, and nothing is taken.
   */
  readonly taken: readonly Taken[]
}

/** What a take (or a look) found. Durations are milliseconds, never negative, and may have a fraction. */
export interface Taken {
  readonly allowed: boolean
  /** Whole units that could be taken right now, after this take. */
  readonly remaining: number
  /** Until the bucket is full again. */
  readonly resetMs: number
  /** Until the same take would be allowed; 0 when it was. */
  readonly retryAfterMs: number
}

/** What a failure led to. */
export interface Failed {
  /** Failures within the window, this one included. */
  readonly failures: number
  /** Wall clock until which the key is banned; `undefined`: not banned. */
  readonly bannedUntilMs: number | undefined
}

/**
 * Port: counts that decide about limits. Every method is atomic for its keys.
 *
 * The bucket is GCRA, kept as one time per key, the TAT ("theoretical arrival time"): with
 * `interval = windowMs / count` and `start = max(TAT, now)`, a take of `cost` is allowed exactly when
 * `start + cost * interval - now <= burst * interval`, and then `TAT = start + cost * interval`. A refused
 * take changes nothing. Arithmetic is in binary fractions of a millisecond: a take may be allowed up to
 * 0.01 ms early. A TAT that is more than two whole buckets and a second ahead says nothing: it was written at a slower
 * rate or by a later clock. A cost above `burst` counts as `burst`, so that it waits for a full bucket instead of for ever.
 *
 * The window is cut into `SLICES` slices of the wall clock, `slice = floor(now * SLICES / windowMs)`. What counts is
 * what the current slice and the `SLICES` before it hold: in no stretch of `windowMs` is more than `count` taken, and
 * what was taken comes back after `windowMs` and at most one slice more. A cost above `count` counts as `count`.
 *
 * Failures are an exact sliding log: the `count`-th failure whose age is below `windowMs` bans. The ban is
 * not prolonged by failures during it, and forgets them when it ends.
 *
 * Buckets, windows, failures and bans are separate tables: filling one does not erase another.
 *
 * A refusal changes nothing, so an adapter whose table is elsewhere may answer one that it remembers, synchronously,
 * until its `retryAfterMs` is over or it is told to reset the key.
 */
export interface Counters {
  /** False while counters that several nodes share are away, so that this process counts alone. Unsaid: they cannot be. */
  readonly isUp?: boolean
  /** Four plain arguments, because it runs several times per request. `cost` is 0 or more. */
  take(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken>
  /** `take` for a key that is kept; only counters that have it at hand offer it. Synchronous. */
  takeKept?(key: KeptKey, rate: BucketRate, cost: number, nowMs: number): Taken
  /** What `take` would answer, without taking. */
  peek(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken>
  /**
   * Takes from all or from none: one decision of several policies, no key twice. Where others
   * decide at the same moment, one that cannot have all of it gives back what it took: never is too much allowed, but
   * somebody may be refused for that moment.
   */
  decide(demands: readonly Demand[], nowMs: number): MaybePromise<Decision>
  /** Counts one failure. */
  fail(key: string, rule: BanRule, nowMs: number): MaybePromise<Failed>
  /** Wall clock until which the key is banned; `undefined` when it is not. */
  isBanned(key: string, nowMs: number): MaybePromise<number | undefined>
  /** Bans the key until then; a ban that lasts longer stays. */
  ban(key: string, untilMs: number, nowMs: number): MaybePromise<void>
  /** Forgets bucket, failures and ban of the key; what a window took stays. */
  reset(key: string): MaybePromise<void>
  /**
   * Begins something of which at most `max` may run at once. Of this process only (all of its threads), whatever the
   * adapter: what it protects is the process and its connections. Synchronous. Each `true` is followed by one `leave`.
   */
  enter(key: string, max: number): boolean
  /** Ends what `enter` began. */
  leave(key: string): void
}
