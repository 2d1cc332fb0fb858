import { Deadline } from './deadline.ts'

/** The time limits of one exchange, looked at by the sweep: of its phase, and of an answer that is read whole. */
export class ExchangeClocks {
  readonly #phase = new Deadline()
  /** An answer that is read whole must be there in all within its time, however steadily it drips. */
  readonly #whole = new Deadline()

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

  /** Whether a limit is reached at the monotonic `nowMs`. */
  isPast(nowMs: number): boolean {
    return this.#phase.isPast(nowMs) || this.#whole.isPast(nowMs)
  }
}
