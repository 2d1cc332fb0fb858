import type { EdgeLimits } from './limits.ts'

type PaceLimits = Pick<EdgeLimits, 'bodyGraceMs' | 'bodyWindowMs' | 'bodyBytesPerSecond'>

/**
 * Whether a request body comes fast enough: after a grace, at least so many bytes in each window [WIRE-11]. Time in
 * which the upstream made the client wait does not count.
 */
export class BodyPace {
  readonly #limits: PaceLimits
  #windowAtMs = 0
  #bytesAtWindow = -1
  #isPaused = false

  constructor(limits: PaceLimits) {
    this.#limits = limits
  }

  pause(): void {
    this.#isPaused = true
  }

  /** After a pause the grace begins anew. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#windowAtMs = 0
    this.#bytesAtWindow = -1
  }

  /** Called now and then with the monotonic time and the bytes that came so far. */
  isTooSlow(nowMs: number, bytes: number): boolean {
    const { bodyGraceMs, bodyWindowMs, bodyBytesPerSecond } = this.#limits
    if (this.#isPaused) return false
    if (this.#windowAtMs === 0) this.#windowAtMs = nowMs + bodyGraceMs
    if (nowMs < this.#windowAtMs) return false
    if (this.#bytesAtWindow < 0) this.#bytesAtWindow = bytes
    if (nowMs < this.#windowAtMs + bodyWindowMs) return false
    const isSlow = bytes - this.#bytesAtWindow < (bodyBytesPerSecond * bodyWindowMs) / 1000
    this.#windowAtMs = nowMs
    this.#bytesAtWindow = bytes
    return isSlow
  }
}
