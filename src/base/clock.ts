/** The time, as an argument, so that tests can travel. Milliseconds since 1970-01-01 UTC. */
export interface Clock {
  nowMs(): number
}

/** The wall clock of the machine. */
export const systemClock: Clock = { nowMs: () => Date.now() }

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
