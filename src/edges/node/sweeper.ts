/** Something with deadlines of its own. */
export interface Swept {
  /** Looks at its deadlines; `nowMs` is monotonic. Must not throw. */
  sweep(nowMs: number): void
}

/**
 * One timer for all deadlines of a listener: walks over what is active, some times a second. A request that ends in
 * time costs one insertion and one removal, no timer of its own.
 */
export class Sweeper {
  readonly #active = new Set<Swept>()
  readonly #timer: NodeJS.Timeout

  constructor(everyMs: number) {
    this.#timer = setInterval(() => this.#sweep(), everyMs)
    this.#timer.unref()
  }

  /** How many are being watched. */
  get size(): number {
    return this.#active.size
  }

  add(swept: Swept): void {
    this.#active.add(swept)
  }

  remove(swept: Swept): void {
    this.#active.delete(swept)
  }

  /** Ends the timer; nothing is called after this. */
  stop(): void {
    clearInterval(this.#timer)
    this.#active.clear()
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const swept of this.#active) swept.sweep(nowMs)
  }
}
