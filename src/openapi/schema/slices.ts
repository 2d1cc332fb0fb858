/** Others have their turn after so many milliseconds. */
const SLICE_MS = 0.5
/** After a last slice of so many, others have theirs before anything else is done with the value. */
const LONG_MS = 0.25
/** How many items or members are checked between two looks at the clock. */
export const CHECKED_AT_ONCE = 16

/**
 * Cuts the check of one large value into slices. Loops over items and members ask before each whether the slice is
 * over; then every check on the way gives up with an answer that nobody believes, and each loop remembers how far it
 * was. The next slice begins at the root again and goes straight there.
 */
export class Slices {
  readonly #now: () => number
  #start: number
  #end = 0
  /** How many members of a value are known to be fine, by value and loop. */
  readonly #done = new Map<object, Map<object, number>>()
  #count = 0
  /** The clock is looked at once so many were counted. */
  #nextLook = CHECKED_AT_ONCE
  /** Whether the answer is to be thrown away and the check begun again. */
  isOver = false

  /** `now`: milliseconds of a steady clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#start = now()
  }

  /** Begins another slice. */
  resume(): void {
    this.isOver = false
    this.#count = 0
    this.#nextLook = CHECKED_AT_ONCE
    this.#start = this.#now()
  }

  /** Asked before each item or member; the first ones of a slice are always checked, so that it gets on. */
  ends(): boolean {
    if (this.isOver) return true
    if (this.#count === 0) this.#begin()
    if (++this.#count >= this.#nextLook) {
      this.#nextLook = this.#count + CHECKED_AT_ONCE
      this.isOver = this.#now() >= this.#end
    }
    return this.isOver
  }

  /** Whether so much of the slice is over that there is no time for other work in the same turn. */
  isLong(): boolean {
    return this.#now() - this.#start > LONG_MS
  }

  /** Counts items that were checked without asking: at most `CHECKED_AT_ONCE`, and none that holds others. */
  add(items: number): void {
    this.#count += items
  }

  /** What every slice does again before it goes on must not take most of it. */
  #begin(): void {
    const now = this.#now()
    this.#end = now + Math.max(SLICE_MS, now - this.#start)
  }

  /** How many members of a value a loop has behind it. */
  doneOf(value: object, loop: object): number {
    return this.#done.get(value)?.get(loop) ?? 0
  }

  /** Notes it. */
  note(value: object, loop: object, done: number): void {
    let loops = this.#done.get(value)
    if (loops === undefined) this.#done.set(value, (loops = new Map()))
    loops.set(loop, done)
  }
}

/** What one loop has found so far in values whose check goes on in another slice. */
export class Findings<T> {
  readonly #found = new WeakMap<Slices, Map<object, T>>()

  /** What was kept for a value; else what `make` makes is kept from now on. */
  of(slices: Slices, value: object, make: () => T): T {
    let values = this.#found.get(slices)
    if (values === undefined) this.#found.set(slices, (values = new Map<object, T>()))
    let found = values.get(value)
    if (found === undefined) values.set(value, (found = make()))
    return found
  }
}
