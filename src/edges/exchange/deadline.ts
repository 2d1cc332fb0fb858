/**
 * A limit on how long something may take, checked by a sweep. It starts at the first sweep after `start`: no clock is
 * read on the way of a request that is in time.
 */
export class Deadline {
  #limitMs = 0
  #sinceMs = 0
  #isRenewable = false
  #hasMoved = false
  #isHeld = false

  /** `limitMs` 0: no limit. `isRenewable`: progress starts it anew. */
  start(limitMs: number, isRenewable: boolean): void {
    this.#limitMs = limitMs
    this.#isRenewable = isRenewable
    this.#sinceMs = 0
    this.#isHeld = false
  }

  get limitMs(): number {
    return this.#limitMs
  }

  /** Something arrived. */
  moved(): void {
    this.#hasMoved = true
  }

  /** While held, time does not count: the other side is being waited for. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** Whether the time is up at the monotonic `nowMs`. */
  isPast(nowMs: number): boolean {
    const isRenewed = this.#isHeld || (this.#hasMoved && this.#isRenewable)
    this.#hasMoved = false
    if (this.#sinceMs === 0 || isRenewed) this.#sinceMs = nowMs
    return this.#limitMs > 0 && nowMs - this.#sinceMs >= this.#limitMs
  }
}
