import type { LifecycleEvent } from '../telemetry/security-events.ts'

/** Two clocks: one that is set, and one that only runs; milliseconds. */
export interface TwoClocks {
  wallMs(): number
  steadyMs(): number
}

const LOOK_MS = 1000
/** Clocks are set right by less. */
const JUMP_MS = 30_000
/** From there on what tokens say of their times means nothing. */
const CRITICAL_MS = 5 * 60_000

/**
 * Notices that somebody set the clock of the machine, or that it slept: what expires was decided by another time until
 * now [CONTROLS 3.3, clock]. A clock that is slowly put right is not told of.
 */
export class ClockWatch {
  readonly #clocks: TwoClocks
  readonly #emit: (event: LifecycleEvent) => void
  #timer: NodeJS.Timeout | undefined
  #apartMs: number

  constructor(emit: (event: LifecycleEvent) => void, clocks: TwoClocks) {
    this.#emit = emit
    this.#clocks = clocks
    this.#apartMs = this.#difference()
  }

  start(): this {
    this.#timer = setInterval(() => this.look(), LOOK_MS)
    this.#timer.unref()
    return this
  }

  /** Compares the clocks with each other as they were at the last look. */
  look(): void {
    const apartMs = this.#difference()
    const jumpMs = apartMs - this.#apartMs
    this.#apartMs = apartMs
    if (Math.abs(jumpMs) <= JUMP_MS) return
    this.#emit({
      name: 'sp_clock_skew',
      level: Math.abs(jumpMs) > CRITICAL_MS ? 'critical' : 'warn',
      control: 'clock',
      reason: jumpMs > 0 ? 'forward' : 'back',
      detail: `the clock jumped by ${Math.round(jumpMs / 1000)} s`,
    })
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #difference(): number {
    return this.#clocks.wallMs() - this.#clocks.steadyMs()
  }
}
