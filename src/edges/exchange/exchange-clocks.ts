import { Deadline } from './deadline.ts'

/** The time limits of one exchange, looked at by the sweep: of its phase, of verdicts, of an answer read whole. */
export class ExchangeClocks {
  readonly #phase = new Deadline()
  /** An answer that is read whole must be there in all within its time, however steadily it drips. */
  readonly #whole = new Deadline()
  #isDeciding = false
  #decidedMs = 0
  /** When the sweep last came by while a verdict was waited for; 0: not yet. */
  #lookedAtMs = 0

  /** A phase begins. `limitMs` 0: no limit. `isRenewable`: progress starts it anew. */
  enter(limitMs: number, isRenewable: boolean): void {
    this.#phase.start(limitMs, isRenewable)
  }

  /** The rest of the exchange is limited too. */
  limitWhole(limitMs: number): void {
    this.#whole.start(limitMs, false)
  }

  /** Something arrived. */
  moved(): void {
    this.#phase.moved()
  }

  /** While held, the time of the phase does not count: the other side is being waited for. */
  hold(isHeld: boolean): void {
    this.#phase.hold(isHeld)
  }

  /** A verdict is waited for from here on, or is there. */
  decide(isPending: boolean): void {
    this.#isDeciding = isPending
    this.#lookedAtMs = 0
  }

  /** Whether all verdicts of the exchange together have been waited for that long; asked at each sweep. */
  hasDecidedFor(nowMs: number, limitMs: number): boolean {
    if (!this.#isDeciding) return false
    if (this.#lookedAtMs > 0) this.#decidedMs += nowMs - this.#lookedAtMs
    this.#lookedAtMs = nowMs
    return this.#decidedMs >= limitMs
  }

  /** Whether a limit is reached at the monotonic `nowMs`. */
  isPast(nowMs: number): boolean {
    return this.#phase.isPast(nowMs) || this.#whole.isPast(nowMs)
  }
}
