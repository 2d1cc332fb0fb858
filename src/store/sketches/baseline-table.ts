import { GenerationMap } from '../generation-map.ts'

/** What counts as unusual. */
export interface BaselineLimits {
  readonly maxKeys: number
  /** Length of the stretches that are compared. */
  readonly windowMs: number
  /** Stretches in which something happened before anything counts as unusual. */
  readonly warmUp: number
  /** Times the usual. */
  readonly factor: number
  /** Below these nothing is unusual. */
  readonly minimum: { readonly requests: number; readonly bytes: number }
}

/** More than usual: of what, and how many times. */
export interface Unusual {
  readonly of: 'requests' | 'bytes'
  readonly times: number
}

interface Meter {
  sum: number
  usual: number
  isTold: boolean
}

interface Line {
  slice: number
  /** Stretches that were learnt from. */
  slices: number
  readonly requests: Meter
  readonly bytes: Meter
}

/** How much a new stretch says about what is usual. */
const WEIGHT = 0.2
/** A stretch counts as at most so many times the usual: who takes a little more each time teaches it slowly. */
const MAX_GROWTH = 2

/**
 * Learns for each caller how much is usual in a stretch of time: an exponentially weighted mean over the stretches in
 * which there was anything. Idle time teaches nothing, nor does a stretch that was unusual.
 */
export class BaselineTable {
  readonly #limits: BaselineLimits
  readonly #lines: GenerationMap<Line>

  constructor(limits: BaselineLimits) {
    this.#limits = limits
    this.#lines = new GenerationMap(limits.maxKeys)
  }

  /** Adds a request and the bytes of its answer. @returns what has become unusual by it, each once per stretch. */
  add(key: string, bytes: number, nowMs: number): Unusual | undefined {
    const slice = Math.floor(nowMs / this.#limits.windowMs)
    const line = this.#lineOf(key, slice)
    if (line.slice !== slice) turn(line, slice)
    line.requests.sum += 1
    line.bytes.sum += bytes
    if (line.slices < this.#limits.warmUp) return undefined
    return this.#judge(line, 'bytes') ?? this.#judge(line, 'requests')
  }

  #judge(line: Line, of: Unusual['of']): Unusual | undefined {
    const meter = line[of]
    const { factor, minimum } = this.#limits
    if (meter.isTold || meter.sum < minimum[of]) return undefined
    const usual = Math.max(meter.usual, minimum[of] / factor)
    if (meter.sum < usual * factor) return undefined
    meter.isTold = true
    return { of, times: meter.sum / usual }
  }

  #lineOf(key: string, slice: number): Line {
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const meter = (): Meter => ({ sum: 0, usual: 0, isTold: false })
    const line = { slice, slices: 0, requests: meter(), bytes: meter() }
    this.#lines.set(key, line)
    return line
  }
}

function turn(line: Line, slice: number): void {
  const { requests, bytes, slices } = line
  const isTold = requests.isTold || bytes.isTold
  for (const meter of [requests, bytes]) {
    if (!isTold) learn(meter, slices)
    meter.sum = 0
    meter.isTold = false
  }
  if (!isTold) line.slices += 1
  line.slice = slice
}

function learn(meter: Meter, slices: number): void {
  if (slices === 0) {
    meter.usual = meter.sum
    return
  }
  const sum = Math.min(meter.sum, meter.usual * MAX_GROWTH)
  meter.usual += (sum - meter.usual) * WEIGHT
}
