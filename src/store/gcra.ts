import type { BucketRate, Taken } from './counters.ts'

/** Slack for binary fractions, milliseconds; see `Counters`. */
export const EPSILON_MS = 0.01

/** Clocks are set right by less; milliseconds. */
const CLOCK_STEP_MS = 1000

/**
 * From when a take counts. A time far beyond an empty bucket was written at a slower rate, before a reload, or before
 * the clock was set back: it says nothing, and would keep its key out for as long.
 */
export function startOf(tatMs: number, nowMs: number, spanMs: number): number {
  const isOfNow = tatMs > nowMs && tatMs - nowMs <= 2 * spanMs + CLOCK_STEP_MS
  return isOfNow ? tatMs : nowMs
}

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
