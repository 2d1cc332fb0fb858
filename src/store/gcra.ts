import type { BucketRate, Taken } from './counters.ts'

/** Slack for binary fractions, milliseconds; see `Counters`. */
export const EPSILON_MS = 0.01

/** `filledMs`: how far the bucket is from full; `overMs`: how much too early the take came, 0 when it was allowed. */
export function describeTaken(rate: BucketRate, filledMs: number, overMs: number): Taken {
  const units = ((rate.burst * rate.windowMs) / rate.count - filledMs + EPSILON_MS) * rate.count
  return {
    allowed: overMs === 0,
    remaining: Math.max(0, Math.floor(units / rate.windowMs)),
    resetMs: filledMs,
    retryAfterMs: overMs,
  }
}
