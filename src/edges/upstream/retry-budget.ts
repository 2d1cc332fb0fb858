const WINDOW_MS = 10_000
/** Retries per request: more would multiply the load of an API that is failing under it [RLM-06]. */
const SHARE = 0.1
/** Repeated in any case, so that an API with little traffic is helped as well. */
const LEAST = 3

/** How many requests may be sent a second time: at most one in ten, counted over 10 s. */
export class RetryBudget {
  #windowMs = 0
  #requests = 0
  #retries = 0
  #before = 0

  /** A request was sent for the first time; `nowMs` is monotonic. */
  count(nowMs: number): void {
    this.#turn(nowMs)
    this.#requests++
  }

  /** Takes one retry out of the budget. @returns whether there was one. */
  take(nowMs: number): boolean {
    this.#turn(nowMs)
    if (this.#retries >= Math.max(LEAST, (this.#before + this.#requests) * SHARE)) return false
    this.#retries++
    return true
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#windowMs < WINDOW_MS) return
    this.#before = nowMs - this.#windowMs < 2 * WINDOW_MS ? this.#requests : 0
    this.#requests = 0
    this.#retries = 0
    this.#windowMs = nowMs
  }
}
