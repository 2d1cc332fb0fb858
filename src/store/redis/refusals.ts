import type { Decision, Demand } from '../counters.ts'

interface Refused {
  readonly decision: Decision
  readonly atMs: number
  readonly untilMs: number
}

/** Keys that are remembered: whoever is refused often is among the latest. */
const MAX_REFUSALS = 16_384

/** Refusals that still hold: whoever asks for the same again, or for more, is refused without asking anybody. */
export class Refusals {
  readonly #known = new Map<string, Refused>()
  readonly #maxMs: number

  /** `maxMs`: longest time for which one is remembered. */
  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** The decision as it is at `nowMs`; `undefined`: ask. */
  find(demands: readonly Demand[], nowMs: number): Decision | undefined {
    if (this.#known.size === 0) return undefined
    const name = nameOf(demands)
    const refused = this.#known.get(name)
    if (refused === undefined) return undefined
    const agedMs = nowMs - refused.atMs
    if (nowMs < refused.untilMs && agedMs >= 0) return later(refused.decision, agedMs)
    this.#known.delete(name)
    return undefined
  }

  remember(demands: readonly Demand[], decision: Decision, nowMs: number): void {
    const waitMs = Math.max(...decision.taken.map(({ retryAfterMs }) => retryAfterMs))
    if (waitMs <= 0) return
    if (this.#known.size >= MAX_REFUSALS) this.#known.clear()
    const untilMs = nowMs + Math.min(waitMs, this.#maxMs)
    this.#known.set(nameOf(demands), { decision, atMs: nowMs, untilMs })
  }

  clear(): void {
    this.#known.clear()
  }
}

/** Another cost or rate is another question. */
function nameOf(demands: readonly Demand[]): string {
  let name = ''
  for (const { key, kind, cost, rate } of demands)
    name += `${kind}${cost}/${rate.count}/${rate.windowMs}:${key}\n`
  return name
}

function later({ allowed, taken }: Decision, byMs: number): Decision {
  if (byMs === 0) return { allowed, taken }
  return {
    allowed,
    taken: taken.map((one) => ({
      ...one,
      resetMs: Math.max(0, one.resetMs - byMs),
      retryAfterMs: Math.max(0, one.retryAfterMs - byMs),
    })),
  }
}
