import type { BucketRate, Taken } from './counters.ts'

/** Slices that a window is cut into; with the current one, one more is looked at. */
export const SLICES = 24

/** The slice of the wall clock that a moment lies in. */
export function sliceAt({ windowMs }: Pick<BucketRate, 'windowMs'>, nowMs: number): number {
  return Math.floor((nowMs * SLICES) / windowMs)
}

/** When a slice no longer counts, on the wall clock. */
export function sliceEndMs({ windowMs }: Pick<BucketRate, 'windowMs'>, slice: number): number {
  return ((slice + SLICES + 1) * windowMs) / SLICES
}

/** A window as it stands at a moment. */
export interface WindowState {
  readonly slice: number
  readonly nowMs: number
  /** What was taken in each slice, newest first: `SLICES + 1` counts. */
  readonly counts: ArrayLike<number>
}

/**
 * What a take of `cost` finds; `isTaking`: `remaining` and `resetMs` are those after it, where it is allowed.
 * Pure: whoever keeps the counts adds `min(cost, count)` to the current slice.
 */
export function judgeWindow(
  rate: BucketRate,
  ask: { readonly cost: number; readonly isTaking: boolean },
  state: WindowState,
): Taken {
  const used = total(state.counts)
  const overBy = used + Math.min(ask.cost, rate.count) - rate.count
  const newest = newestOf(state.counts)
  if (overBy <= 0)
    return judgeUse(rate, ask, { slice: state.slice, nowMs: state.nowMs, used, newest })
  return {
    allowed: false,
    remaining: Math.max(0, rate.count - used),
    resetMs: newest < 0 ? 0 : leavesInMs(rate, newest, state),
    retryAfterMs: waitFor(overBy, rate, state),
  }
}

/** What a take finds where there is room: `used` in all, `newest` slice that holds anything (0: the current one; -1: none). */
export function judgeUse(
  rate: BucketRate,
  ask: { readonly cost: number; readonly isTaking: boolean },
  state: Pick<WindowState, 'slice' | 'nowMs'> & { readonly used: number; readonly newest: number },
): Taken {
  const taken = ask.isTaking ? Math.min(ask.cost, rate.count) : 0
  const newest = taken > 0 ? 0 : state.newest
  return {
    allowed: true,
    remaining: Math.max(0, rate.count - state.used - taken),
    resetMs: newest < 0 ? 0 : leavesInMs(rate, newest, state),
    retryAfterMs: 0,
  }
}

function total(counts: ArrayLike<number>): number {
  let sum = 0
  for (let back = 0; back <= SLICES; back++) sum += counts[back] ?? 0
  return sum
}

/** The newest slice that holds anything, counted from the current one; -1: none. */
function newestOf(counts: ArrayLike<number>): number {
  for (let back = 0; back <= SLICES; back++) if ((counts[back] ?? 0) > 0) return back
  return -1
}

/** Until `units` have come back. */
function waitFor(units: number, rate: BucketRate, state: WindowState): number {
  let freed = 0
  for (let back = SLICES; back > 0; back--) {
    freed += state.counts[back] ?? 0
    if (freed >= units) return leavesInMs(rate, back, state)
  }
  return leavesInMs(rate, 0, state)
}

function leavesInMs(
  rate: BucketRate,
  back: number,
  { slice, nowMs }: Pick<WindowState, 'slice' | 'nowMs'>,
): number {
  return Math.max(0, sliceEndMs(rate, slice - back) - nowMs)
}
