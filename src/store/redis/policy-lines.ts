import type { BucketRate, Decision, Demand, Taken } from '../counters.ts'
import { describeTaken, EPSILON_MS } from '../gcra.ts'
import { judgeUse, judgeWindow, sliceAt, SLICES } from '../sliding-window.ts'

/**
 * What is done with a policy: taken from, taken from where all of one decision allow it, looked at, given back to, or
 * owed to whether it allows it or not.
 */
export type Doing = 't' | 'd' | 'l' | 'g' | 'o'

/** What a policy is, as the script reads it; see `DECIDE`. One for all lines that say the same. */
export class Shape {
  readonly text: string
  /** The last call that it was written into, and what stands for it there. */
  call = 0
  mark = ''

  /** `text`: without white space. */
  constructor(text: string) {
    this.text = text
  }
}

/** One line of the script: what to do, or `+` for a further policy of the decision of the line before, to what. */
export interface Line {
  readonly what: Doing | '+'
  readonly name: string
  readonly shape: Shape
}

interface Known {
  readonly kind: Demand['kind']
  readonly cost: number
  readonly shape: Shape
}

/** Shapes of policies. Those of rates are remembered; rates are those of a plan, so that few are live. */
export class Shapes {
  /** A look at a ban. */
  readonly ban: Shape = new Shape('x')
  readonly #known = new WeakMap<BucketRate, Known>()

  of({ kind, rate, cost }: Demand): Shape {
    const known = this.#known.get(rate)
    if (known?.cost === cost && known.kind === kind) return known.shape
    const shape = new Shape(shapeText(kind, rate, cost))
    this.#known.set(rate, { kind, cost, shape })
    return shape
  }

  /** Gives back what was taken when the store's clock showed `atMs`. */
  givenBack(demand: Demand, atMs: number): Shape {
    const shape = this.of(demand)
    if (demand.kind === 'bucket') return shape
    return new Shape(`${shape.text},${sliceAt(demand.rate, atMs)}`)
  }

  /** Something that was allowed elsewhere, from `agoMs` milliseconds ago on. */
  owed({ kind, rate, cost }: Demand, agoMs: number): Shape {
    if (kind === 'window') return new Shape(`w,${cost},${rate.count},${rate.windowMs},${SLICES}`)
    const interval = rate.windowMs / rate.count
    return new Shape(`b,${cost * interval},${rate.burst * interval},${agoMs}`)
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
  const isTaking = allowed && isTake(doing)
  const taken = demands.map((demand, index) =>
    readTaken(demand, isTaking, partOf(parts, place + 1 + index, at)),
  )
  return { allowed, taken }
}

/** Reads a decision over one policy. */
export function readOne(demand: Demand, doing: Doing, { parts, place, at }: Found): Taken {
  return readTaken(demand, parts[place] === '1' && isTake(doing), partOf(parts, place + 1, at))
}

function isTake(doing: Doing): boolean {
  return doing === 't' || doing === 'd'
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
