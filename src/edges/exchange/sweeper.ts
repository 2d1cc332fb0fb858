/** Something with deadlines of its own. */
export interface Swept {
  /** The sweeper's own: its place in the list, -1 while it is in none. */
  sweepIndex: number
  /** Looks at its deadlines; `nowMs` is monotonic. Must not throw. */
  sweep(nowMs: number): void
}

/**
 * One timer for all deadlines of a listener: walks over what is active, some times a second. A request that ends in
 * time costs one insertion and one removal, no timer of its own.
 */
export class Sweeper {
  // No `Set`: a set that churns leaves its outgrown tables behind, and what they hold outlives the request by far.
  readonly #active: Swept[] = []
  readonly #timer: NodeJS.Timeout

  constructor(everyMs: number) {
    this.#timer = setInterval(() => this.#sweep(), everyMs)
    this.#timer.unref()
  }

  /** How many are being watched. */
  get size(): number {
    return this.#active.length
  }

  add(swept: Swept): void {
    if (swept.sweepIndex < 0) swept.sweepIndex = this.#active.push(swept) - 1
  }

  remove(swept: Swept): void {
    const index = swept.sweepIndex
    if (index < 0) return
    swept.sweepIndex = -1
    const last = this.#active.pop()
    if (last === undefined || last === swept) return
    this.#active[index] = last
    last.sweepIndex = index
  }

  /** Ends the timer; nothing is called after this. */
  stop(): void {
    clearInterval(this.#timer)
    this.#active.length = 0
  }

  #sweep(): void {
    const nowMs = performance.now()
    // Backwards: who ends in its sweep has its place taken by one that was already looked at.
    for (let index = this.#active.length - 1; index >= 0; index -= 1)
      this.#active[index]?.sweep(nowMs)
  }
}
