import type { BreakerLimits } from '../../gateway/core.ts'

/** `half-open`: a few requests are let through to see whether the origin is back. */
export type BreakerState = 'closed' | 'open' | 'half-open'

const BUCKETS = 10

/**
 * A circuit breaker: too large a share of failures within a sliding window and nothing is sent for a while
 * [RLM-06]. Times are monotonic milliseconds.
 */
export class Breaker {
  readonly #limits: BreakerLimits
  readonly #onChange: (state: BreakerState) => void
  readonly #bucketMs: number
  readonly #failed = new Float64Array(BUCKETS)
  readonly #answered = new Float64Array(BUCKETS)
  /** Number of the newest bucket since the start of the clock. */
  #newest = 0
  #state: BreakerState = 'closed'
  /** When it opened, or when the probes that are under way began to go out. */
  #sinceMs = 0
  #probing = 0
  #succeeded = 0

  constructor(limits: BreakerLimits, onChange: (state: BreakerState) => void) {
    this.#limits = limits
    this.#onChange = onChange
    this.#bucketMs = limits.windowMs / BUCKETS
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Whether a request may go out now; changes nothing. */
  admits(nowMs: number): boolean {
    if (this.#state === 'closed') return true
    if (nowMs - this.#sinceMs >= this.#limits.openMs) return true
    return this.#state === 'half-open' && this.#probing + this.#succeeded < this.#limits.probes
  }

  /** A request goes out; `admits` said that it may. */
  enter(nowMs: number): void {
    if (this.#state === 'closed') return
    // A probe may last as long as its client likes: those that do not end make room for others.
    if (nowMs - this.#sinceMs >= this.#limits.openMs) this.#probe(nowMs)
    this.#probing++
  }

  /** How a request that went out ended; `neutral`: nothing was learned, as when the client left. */
  leave(outcome: 'ok' | 'failed' | 'neutral', nowMs: number): void {
    if (this.#state === 'half-open') this.#judgeProbe(outcome, nowMs)
    else if (this.#state === 'closed' && outcome !== 'neutral') this.#count(outcome, nowMs)
  }

  #probe(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#probing = 0
    if (this.#state === 'half-open') return
    this.#succeeded = 0
    this.#change('half-open')
  }

  #judgeProbe(outcome: 'ok' | 'failed' | 'neutral', nowMs: number): void {
    if (this.#probing > 0) this.#probing--
    if (outcome === 'failed') return this.#open(nowMs)
    if (outcome === 'neutral') return
    this.#succeeded++
    if (this.#succeeded < this.#limits.probes) return
    this.#failed.fill(0)
    this.#answered.fill(0)
    this.#change('closed')
  }

  #count(outcome: 'ok' | 'failed', nowMs: number): void {
    const bucket = this.#bucketAt(nowMs)
    this.#answered[bucket] = (this.#answered[bucket] ?? 0) + 1
    if (outcome === 'ok') return
    this.#failed[bucket] = (this.#failed[bucket] ?? 0) + 1
    const answered = sum(this.#answered)
    const isTooMuch = sum(this.#failed) >= answered * this.#limits.failureRatio
    if (answered >= this.#limits.minimum && isTooMuch) this.#open(nowMs)
  }

  #open(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#change('open')
  }

  #change(state: BreakerState): void {
    this.#state = state
    this.#onChange(state)
  }

  /** The bucket of this moment; those that the clock passed over are emptied. */
  #bucketAt(nowMs: number): number {
    const number = Math.floor(nowMs / this.#bucketMs)
    const passed = Math.min(number - this.#newest, BUCKETS)
    for (let step = 0; step < passed; step++) {
      this.#failed[(number - step) % BUCKETS] = 0
      this.#answered[(number - step) % BUCKETS] = 0
    }
    if (passed > 0) this.#newest = number
    return number % BUCKETS
  }
}

function sum(counts: Float64Array): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
