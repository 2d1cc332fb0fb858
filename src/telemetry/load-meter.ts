import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How exactly lateness is seen; Node counts it into every delay it reports. */
const RESOLUTION_MS = 20
const SAMPLE_MS = 1_000

/** How late this thread's event loop is: the 99th percentile of each second [NET-04]. */
export class LoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  #lateMs = 0
  /** Threshold -> since when, in monotonic milliseconds, every second was later than it. */
  readonly #lateSince = new Map<number, number>()

  constructor() {
    this.#delay.enable()
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
    this.#timer.unref()
  }

  /** For how long, in milliseconds, the loop has been later than `delayMs`; 0 where it is not. */
  lateForMs(delayMs: number): number {
    if (this.#lateMs <= delayMs) {
      this.#lateSince.delete(delayMs)
      return 0
    }
    const since = this.#lateSince.get(delayMs)
    if (since !== undefined) return performance.now() - since
    this.#lateSince.set(delayMs, performance.now() - SAMPLE_MS)
    return SAMPLE_MS
  }

  close(): void {
    clearInterval(this.#timer)
    this.#delay.disable()
  }

  #sample(): void {
    const { count } = this.#delay
    this.#lateMs = count === 0 ? 0 : Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS)
    this.#delay.reset()
    for (const delayMs of this.#lateSince.keys()) {
      if (this.#lateMs <= delayMs) this.#lateSince.delete(delayMs)
    }
  }
}
