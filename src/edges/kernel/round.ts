/** Who takes part in a round. Each is called once for each time it asked, and may have nothing to do any more. */
export interface InRound {
  /** Hands on what it has read. */
  handOn(): void
  /** Sends what it has written. */
  send(): void
}

/**
 * One round of a thread over the sockets that are ready. What many have read is handed on together, and what many have
 * written is sent together: to decrypt or to send one thing after another, and then to work on one request after
 * another, costs a good deal less than to go to and fro, as the processor's caches have no room for all of it at once
 * (docs/decisions/0027). Outside a round nobody waits.
 */
export class Round {
  #isOpen = false
  #readers: InRound[] = []
  #writers: InRound[] = []

  /** Has `who` hand on later in this round what it has read. @returns false: there is no round, do it now. */
  handsOn(who: InRound): boolean {
    if (this.#isOpen) this.#readers.push(who)
    return this.#isOpen
  }

  /** Has `who` send later in this round what it has written. @returns false: there is no round, do it now. */
  sends(who: InRound): boolean {
    if (this.#isOpen) this.#writers.push(who)
    return this.#isOpen
  }

  /** Whether somebody still waits: a listener threw. */
  get isWorkLeft(): boolean {
    return this.#readers.length > 0 || this.#writers.length > 0
  }

  open(): void {
    this.#isOpen = true
  }

  /** Nobody waits in vain for what comes next, whatever that is. */
  close(): void {
    this.#isOpen = false
    this.send()
  }

  /** `beside` is called before each. */
  handOn(beside: () => void): void {
    const readers = this.#readers
    if (readers.length === 0) return
    this.#readers = []
    const tell = (reader: InRound): void => {
      beside()
      reader.handOn()
    }
    takeEach(readers, tell, this.#readers)
  }

  send(): void {
    const writers = this.#writers
    if (writers.length === 0) return
    this.#writers = []
    takeEach(writers, (writer) => writer.send(), this.#writers)
  }
}

/** Takes one after the other; where one throws, those behind it go to `later`. */
export function takeEach<T>(list: readonly T[], take: (one: T) => void, later: T[]): void {
  let taken = 0
  try {
    for (const one of list) {
      taken++
      take(one)
    }
  } finally {
    if (taken < list.length) later.push(...list.slice(taken))
  }
}
