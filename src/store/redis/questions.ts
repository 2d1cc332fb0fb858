import { UnaskedError } from '../unsettled.ts'
import type { Found, Line } from './policy-lines.ts'

/** What one caller asks: policies that are decided together, or one look at a ban. */
export interface Asked {
  /** Those of one decision. */
  readonly lines: readonly Line[]
  readonly nowMs: number
  /** The part at `found.place` says whether all allow; what each holds follows. */
  settle(found: Found): void
  fail(cause: unknown): void
}

/** Something asked, and its answer. */
export class Question<T> implements Asked {
  readonly lines: readonly Line[]
  readonly nowMs: number
  /** Rejects where the store did not answer; with `UnaskedError` where it cannot have heard of it. */
  readonly answer: Promise<T>
  readonly #read: (found: Found) => T
  #resolve: (answer: T) => void = () => undefined
  #reject: (cause: unknown) => void = () => undefined

  constructor(lines: readonly Line[], nowMs: number, read: (found: Found) => T) {
    this.lines = lines
    this.nowMs = nowMs
    this.#read = read
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  settle(found: Found): void {
    this.#resolve(this.#read(found))
  }

  fail(cause: unknown): void {
    this.#reject(cause)
  }
}

/** Settles questions with what the script says about them. */
export function settleAll(batch: readonly Asked[], text: string): void {
  const parts = text.split(',')
  const found = { parts, place: 1, at: Number(parts[0]) }
  for (const question of batch) {
    question.settle(found)
    found.place += 1 + question.lines.length
  }
}

/** Lines that one call holds at most, so that the server is not held for long. */
const MAX_LINES = 128

/** How a queue sends. */
export interface Sending {
  /** Settles the questions; rejects where the store did not answer. */
  readonly send: (batch: readonly Asked[]) => Promise<void>
  /** Only what has the same time is asked together. */
  readonly isByTime: boolean
}

/**
 * Questions for one server. One call is under way at a time, and what is asked meanwhile travels in the next one, in
 * order, so that calls grow with the load.
 */
export class QuestionQueue {
  readonly #sending: Sending
  #waiting: Asked[] = []
  #isUnderWay = false

  constructor(sending: Sending) {
    this.#sending = sending
  }

  add(question: Asked): void {
    // What is asked in one turn of the event loop travels together.
    if (this.#waiting.length === 0 && !this.#isUnderWay) setImmediate(() => this.#flush())
    this.#waiting.push(question)
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#isUnderWay) return
    this.#isUnderWay = true
    void this.#call(this.#nextBatch())
  }

  /** How many of those that wait go with the next call. */
  #nextBatch(): readonly Asked[] {
    const waiting = this.#waiting
    let lines = waiting[0]?.lines.length ?? 0
    let end = 1
    for (; end < waiting.length; end++) {
      lines += waiting[end]?.lines.length ?? 0
      if (lines > MAX_LINES) break
      if (this.#sending.isByTime && waiting[end]?.nowMs !== waiting[0]?.nowMs) break
    }
    if (end < waiting.length) return waiting.splice(0, end)
    this.#waiting = []
    return waiting
  }

  async #call(batch: readonly Asked[]): Promise<void> {
    try {
      await this.#sending.send(batch)
    } catch (cause) {
      // Nobody waits twice as long because another call was tried first.
      const unasked = new UnaskedError('it went away before', { cause })
      for (const question of this.#waiting.splice(0)) question.fail(unasked)
      for (const question of batch) question.fail(cause)
    }
    this.#isUnderWay = false
    // Whoever was just answered and asks on travels with those who have been waiting.
    if (this.#waiting.length > 0) setImmediate(() => this.#flush())
  }
}
