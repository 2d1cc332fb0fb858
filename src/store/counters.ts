import type { MaybePromise } from '../base/maybe-promise.ts'

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
 * Port: counts that decide about limits. Every method is atomic for its key.
 *
 * The bucket is GCRA, kept as one time per key, the TAT ("theoretical arrival time"): with
 * `interval = windowMs / count` and `start = max(TAT, now)`, a take of `cost` is allowed exactly when
 * `start + cost * interval - now <= burst * interval`, and then `TAT = start + cost * interval`. A refused
 * take changes nothing. Arithmetic is in binary fractions of a millisecond: a take may be allowed up to
 * 0.01 ms early. A cost above `burst` counts as `burst`, so that it waits for a full bucket instead of for ever.
 *
 * Failures are an exact sliding log: the `count`-th failure whose age is below `windowMs` bans. The ban is
 * not prolonged by failures during it, and forgets them when it ends.
 *
 * Buckets, failures and bans are separate tables: filling one does not erase another.
 */
export interface Counters {
  /** Four plain arguments, because it runs several times per request. `cost` is 0 or more. */
  take(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken>
  /** What `take` would answer, without taking. */
  peek(key: string, rate: BucketRate, cost: number, nowMs: number): MaybePromise<Taken>
  /** Counts one failure. */
  fail(key: string, rule: BanRule, nowMs: number): MaybePromise<Failed>
  /** Wall clock until which the key is banned; `undefined` when it is not. */
  isBanned(key: string, nowMs: number): MaybePromise<number | undefined>
  /** Forgets bucket, failures and ban of the key. */
  reset(key: string): MaybePromise<void>
}
