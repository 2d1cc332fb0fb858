/** How much of something may come: at once, and per second after that. */
export interface AllowanceSize {
  readonly burst: number
  readonly perSecond: number
}

/** A leaky bucket whose time comes from outside: spending reads no clock. */
export class Allowance {
  readonly #size: AllowanceSize
  #spent = 0

  constructor(size: AllowanceSize) {
    this.#size = size
  }

  /** Spends `amount` (negative: gives it back). @returns whether that was still allowed. */
  spend(amount: number): boolean {
    this.#spent = Math.max(0, this.#spent + amount)
    return this.#spent <= this.#size.burst
  }

  /** Time passed. */
  refill(elapsedMs: number): void {
    this.#spent = Math.max(0, this.#spent - (this.#size.perSecond * elapsedMs) / 1000)
  }
}
