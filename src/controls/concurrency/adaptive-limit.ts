const INITIAL = 50
const MIN = 10
const MAX = 2000
/** Answers that one look is made of. */
const SAMPLES = 20
/** How much longer than usual answers may take before that counts as a queue. */
const TOLERANCE = 2
/** Below this many milliseconds nobody can tell a queue from noise. */
const NOISE_MS = 5
const SMOOTHING = 0.2
/** The usual time follows slowly, and hardly at all while all places are taken: a queue must not become usual. */
const MEMORY = { idle: 200, busy: 5000 }
const BACKOFF = 0.9

/**
 * How many requests an API serves at once without queueing, found from its own times: after every 20 answers the limit
 * is multiplied by usual time / time now (never above 1, never below 1/2) and gets room to grow, the root of itself.
 * Failures of the API shrink it by a tenth at once. Between 10 and 2000.
 * @see the gradient of Netflix concurrency-limits; TCP Vegas
 */
export class AdaptiveLimit {
  #limit = INITIAL
  #usualMs = 0
  #sumMs = 0
  #samples = 0
  #mostAtOnce = 0

  /** Whole requests. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** An answer came after so long, while `atOnce` were in work. */
  answered(ms: number, atOnce: number): void {
    this.#sumMs += ms
    this.#samples++
    this.#mostAtOnce = Math.max(this.#mostAtOnce, atOnce)
    if (this.#samples >= SAMPLES) this.#look()
  }

  /** The API failed, or did not answer in time. */
  failed(): void {
    this.#limit = Math.max(MIN, this.#limit * BACKOFF)
  }

  #look(): void {
    const nowMs = this.#sumMs / this.#samples + NOISE_MS
    const isBusy = this.#mostAtOnce * 2 >= this.#limit
    const memory = isBusy ? MEMORY.busy : MEMORY.idle
    this.#sumMs = 0
    this.#samples = 0
    this.#mostAtOnce = 0
    this.#usualMs = this.#usualMs === 0 ? nowMs : this.#usualMs + (nowMs - this.#usualMs) / memory
    // What is quicker than usual is what the API can do.
    if (nowMs < this.#usualMs) this.#usualMs += (nowMs - this.#usualMs) * SMOOTHING
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * this.#usualMs) / nowMs))
    const next = this.#limit * gradient + Math.sqrt(this.#limit)
    // A limit that nobody reaches says nothing about more.
    if (next > this.#limit && !isBusy) return
    const smooth = this.#limit + (next - this.#limit) * SMOOTHING
    this.#limit = Math.min(MAX, Math.max(MIN, smooth))
  }
}
