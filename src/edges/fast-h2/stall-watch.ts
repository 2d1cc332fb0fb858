import type { EdgeLimits } from '../exchange/limits.ts'

/** Whether a client takes what waits for it: so many bytes, or all of it, in each stretch of `writeStallMs`. */
export class StallWatch {
  readonly #limits: Pick<EdgeLimits, 'writeStallMs' | 'answerBytesPerSecond'>
  #sinceMs = 0
  #sentBytes = 0

  constructor(limits: Pick<EdgeLimits, 'writeStallMs' | 'answerBytesPerSecond'>) {
    this.#limits = limits
  }

  /** So much was taken. */
  sent(bytes: number): void {
    this.#sentBytes += bytes
  }

  /** Asked at each sweep. A window that is opened byte by byte is no progress. */
  isTooSlow(nowMs: number, waitingBytes: number): boolean {
    const { writeStallMs, answerBytesPerSecond } = this.#limits
    if (waitingBytes === 0 || this.#sinceMs === 0) return this.#restart(nowMs, waitingBytes)
    if (nowMs - this.#sinceMs < writeStallMs) return false
    if (this.#sentBytes < (answerBytesPerSecond * writeStallMs) / 1000) return true
    return this.#restart(nowMs, waitingBytes)
  }

  #restart(nowMs: number, waitingBytes: number): false {
    this.#sinceMs = waitingBytes === 0 ? 0 : nowMs
    this.#sentBytes = 0
    return false
  }
}
