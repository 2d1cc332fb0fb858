import type { BucketRate, Decision, Demand, Taken } from '../counters.ts'
import { describeTaken, EPSILON_MS } from '../gcra.ts'
import { judgeUse, judgeWindow, sliceAt, SLICES } from '../sliding-window.ts'

/** What is done with a policy: taken from, looked at, given back to, or owed to whether it allows it or not. */
export type Doing = 't' | 'l' | 'g' | 'o'

/** Shapes that are remembered; rates are those of a plan, so that few are live. */
interface Shape {
  readonly kind: Demand['kind']
  readonly cost: number
  readonly text: string
}

/** Writes policies as the script reads them, one line each; see `DECIDE`. */
export class PolicyLines {
  readonly #shapes = new WeakMap<BucketRate, Shape>()

  /** `what`: as above, or `+` for a further policy of the decision of the line before. `name`: without white space. */
  line(what: Doing | '+', name: string, demand: Demand): string {
    return `${what}${name} ${this.#shapeOf(demand)}\n`
  }

  /** Gives back what was taken when the store's clock showed `atMs`. */
  giveBack(name: string, demand: Demand, atMs: number): string {
    const shape = this.#shapeOf(demand)
    if (demand.kind === 'bucket') return `g${name} ${shape}\n`
    return `g${name} ${shape},${sliceAt(demand.rate, atMs)}\n`
  }

  /** Something that was allowed elsewhere, from `agoMs` milliseconds ago on. */
  owe(name: string, { kind, rate, cost }: Demand, agoMs: number): string {
    if (kind === 'window') return `o${name} w,${cost},${rate.count},${rate.windowMs},${SLICES}\n`
    const interval = rate.windowMs / rate.count
    return `o${name} b,${cost * interval},${rate.burst * interval},${agoMs}\n`
  }

  #shapeOf({ kind, rate, cost }: Demand): string {
    const known = this.#shapes.get(rate)
    if (known?.cost === cost && known.kind === kind) return known.text
    const text = shapeText(kind, rate, cost)
    this.#shapes.set(rate, { kind, cost, text })
    return text
  }
}

function shapeText(kind: Demand['kind'], rate: BucketRate, cost: number): string {
  const { count, burst, windowMs } = rate
  if (kind === 'window') return `w,${Math.min(cost, count)},${count},${windowMs},${SLICES}`
  const interval = windowMs / count
  return `b,${Math.min(cost, burst) * interval},${burst * interval}`
}

/** What the script said: parts of its text from `place` on, and the time of the store in milliseconds. */
export interface Found {
  readonly parts: readonly string[]
  readonly place: number
  readonly at: number
}

/** Reads a decision over several policies. */
export function readDecision(demands: readonly Demand[], doing: Doing, found: Found): Decision {
  const { parts, place, at } = found
  const allowed = parts[place] === '1'
  const isTaking = allowed && doing === 't'
  const taken = demands.map((demand, index) =>
    readTaken(demand, isTaking, partOf(parts, place + 1 + index, at)),
  )
  return { allowed, taken }
}

/** Reads a decision over one policy. */
export function readOne(demand: Demand, doing: Doing, { parts, place, at }: Found): Taken {
  return readTaken(demand, parts[place] === '1' && doing === 't', partOf(parts, place + 1, at))
}

interface Part {
  readonly text: string
  readonly at: number
}

function partOf(parts: readonly string[], place: number, at: number): Part {
  return { text: parts[place] ?? '', at }
}

function readTaken(demand: Demand, isTaking: boolean, { text, at }: Part): Taken {
  const { kind, rate, cost } = demand
  if (kind === 'window') return readWindow(demand, isTaking, { text, at })
  const interval = rate.windowMs / rate.count
  const filledMs = Number(text)
  const costMs = Math.min(cost, rate.burst) * interval
  const overMs = filledMs + costMs - rate.burst * interval
  if (overMs > EPSILON_MS) return describeTaken(rate, filledMs, overMs)
  return describeTaken(rate, isTaking ? filledMs + costMs : filledMs, 0)
}

function readWindow({ rate, cost }: Demand, isTaking: boolean, { text, at }: Part): Taken {
  const counts = text.split(':').map(Number)
  const state = { slice: sliceAt(rate, at), nowMs: at }
  // Two numbers where there is room: what is used, and the newest slice that is.
  if (counts.length > 2) return judgeWindow(rate, { cost, isTaking }, { ...state, counts })
  const [used = 0, newest = -1] = counts
  return judgeUse(rate, { cost, isTaking }, { ...state, used, newest })
}
