/** The time, as an argument, so that tests can travel. Milliseconds since 1970-01-01 UTC. */
export interface Clock {
  nowMs(): number
}

/** Whether the clock is held, and at what; 0: nobody has asked since. */
let isHeld = false
let heldMs = 0

/** The wall clock of the machine; while it is held, as it was when it was first asked. */
export const systemClock: Clock = {
  nowMs: () => {
    if (!isHeld) return Date.now()
    if (heldMs === 0) heldMs = Date.now()
    return heldMs
  },
}

/**
 * Holds `systemClock` of this thread, from the next time it is asked. To read the clock costs as much as to take from a
 * limit, and a request asks five times: who does some work in one go, a millisecond or so, holds it meanwhile. Time is
 * then what it was a moment ago, never runs backwards, and is the same for all who ask. Call it again to go on with the
 * time of then, and `letTimeRun` before anything else runs.
 */
export function holdTime(): void {
  isHeld = true
  heldMs = 0
}

/** Ends `holdTime`. */
export function letTimeRun(): void {
  isHeld = false
}

/**
 * Reads a held clock anew, for who would refuse something because of a moment.
 * @returns by how much `nowMs`, which the clock has said, is behind, milliseconds; 0 where it is not held.
 */
export function catchUp(nowMs: number): number {
  if (!isHeld) return 0
  heldMs = Math.max(heldMs, Date.now())
  return Math.max(0, heldMs - nowMs)
}

/** A clock that stands still until told otherwise; for tests. */
export class FakeClock implements Clock {
  #nowMs: number

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Moves the clock forward by `ms` milliseconds. */
  advance(ms: number): void {
    this.#nowMs += ms
  }
}
