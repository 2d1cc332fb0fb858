/** The longest look; what comes later is worth a sleep on any machine. */
const MAX_LOOK_MS = 0.1
/** A look lasts no longer than so many times the work before it. */
const LOOK_PER_WORK = 2
/** The work of one wait counts so much of the average. */
const NEWEST_SHARE = 1 / 8

/** Looks go on while three out of four find something: each adds one, each that finds nothing takes three. */
const FOUND = 1
const MISSED = 3
const MAX_CREDIT = 8

/** Waits between two tries while looking does not pay; each that finds nothing doubles them. */
const FIRST_GAP = 16
const LAST_GAP = 1_024

/**
 * Says for how long a thread goes on looking before it sleeps. To be put to sleep and woken costs the processor more
 * than to look for a short while, and costs whoever waits the time of the wake-up; but a look that finds nothing is lost.
 * So it is short measured by the thread's own work, and is given up where it does not pay (docs/decisions/0025).
 * Times in milliseconds of a monotonic clock.
 */
export class BusyPoll {
  #workMs = 0
  #workedSinceMs: number | undefined = undefined
  #credit = 0
  #gap = FIRST_GAP
  #waitsToTry = 0

  /** Called before each wait. @returns until when to look without sleeping; `nowMs` or less: not at all. */
  untilMs(nowMs: number): number {
    if (this.#workedSinceMs === undefined) return nowMs
    this.#workMs += (nowMs - this.#workedSinceMs - this.#workMs) * NEWEST_SHARE
    if (this.#credit === 0 && this.#waitsToTry-- > 0) return nowMs
    return nowMs + Math.min(LOOK_PER_WORK * this.#workMs, MAX_LOOK_MS)
  }

  /** Called after a look. */
  looked(hasFound: boolean): void {
    if (hasFound) {
      this.#credit = Math.min(this.#credit + FOUND, MAX_CREDIT)
      this.#gap = FIRST_GAP
      return
    }
    // What was tried while looking did not pay still does not.
    if (this.#credit === 0) this.#gap = Math.min(this.#gap * 2, LAST_GAP)
    this.#credit = Math.max(this.#credit - MISSED, 0)
    if (this.#credit === 0) this.#waitsToTry = this.#gap
  }

  /** Called when a wait has ended: from here on the thread works. */
  worksFrom(nowMs: number): void {
    this.#workedSinceMs = nowMs
  }
}
