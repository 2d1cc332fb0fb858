/** Answers leave at multiples of this after their request began. */
export const STEP_MS = 250
/** Nothing is held longer than this after its request began. */
export const MAX_MS = 2000
/** Answers held at a time; each costs a timer and what belongs to its request. */
const MAX_HELD = 10_000

/** What tells the time and wakes; `performance` and `setTimeout`, but for tests. */
export interface HoldClock {
  /** Monotonic, milliseconds. */
  now(): number
  wait(ms: number): Promise<void>
}

const SYSTEM: HoldClock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** When an answer that is ready after `elapsedMs` leaves, in milliseconds after its request began. */
export function leavesAtMs(elapsedMs: number): number {
  if (elapsedMs >= MAX_MS) return elapsedMs
  return Math.min(MAX_MS, Math.max(1, Math.ceil(elapsedMs / STEP_MS)) * STEP_MS)
}

/** Holds answers until the next step of time, so that what was done meanwhile cannot be told from it. */
export class Holds {
  readonly #clock: HoldClock
  #held = 0

  constructor(clock: HoldClock = SYSTEM) {
    this.#clock = clock
  }

  /** Resolves at the next step after `startedAt` (of the same clock); at once where too many are held already. */
  async untilStep(startedAt: number): Promise<void> {
    const dueAt = startedAt + leavesAtMs(this.#clock.now() - startedAt)
    if (this.#held >= MAX_HELD) return
    this.#held += 1
    try {
      // Timers may wake a little early.
      for (let left = dueAt - this.#clock.now(); left > 0; left = dueAt - this.#clock.now())
        await this.#clock.wait(Math.ceil(left))
    } finally {
      this.#held -= 1
    }
  }
}
