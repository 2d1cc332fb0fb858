import type { monitorEventLoopDelay } from 'node:perf_hooks'
import { CellFamily } from './metric-family.ts'
import type { AllocateNumbers, NumberBlock } from './numbers.ts'
import { RouteMetrics } from './route-metrics.ts'
import type { SinkState } from './sink.ts'

/** How late an event loop was since its start, in seconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly sum: number
  readonly count: number
}

/** What one event loop's histogram says. */
export function loopDelayOf(delay: ReturnType<typeof monitorEventLoopDelay>): LoopDelay {
  const seconds = (nanos: number): number => (Number.isFinite(nanos) ? nanos / 1e9 : 0)
  return {
    p50: seconds(delay.percentile(50)),
    p99: seconds(delay.percentile(99)),
    sum: delay.count === 0 ? 0 : seconds(delay.mean * delay.count),
    count: delay.count,
  }
}

/** What a thread says about itself from time to time: its event loop, its heap, its sinks. */
export class Vitals {
  readonly #allocate: AllocateNumbers
  readonly #delay: Float64Array
  readonly #heap: Float64Array
  readonly #sinks = new Map<string, Float64Array>()

  constructor(allocate: AllocateNumbers) {
    this.#allocate = allocate
    this.#delay = allocate(['delay'], 4)
    this.#heap = allocate(['heap'], 1)
  }

  /** Writes the present state down for others to read. */
  publish(delay: LoopDelay, sinks: readonly SinkState[]): void {
    this.#delay.set([delay.p50, delay.p99, delay.sum, delay.count])
    this.#heap[0] = process.memoryUsage().heapUsed
    for (const { name, dropped, bufferedBytes } of sinks) {
      const numbers = this.#sinks.get(name) ?? this.#allocate(['sink', name], 3)
      this.#sinks.set(name, numbers)
      numbers.set([dropped.access, dropped.security, bufferedBytes])
    }
  }
}

/** The numbers of several threads as those of one. */
export interface MergedNumbers {
  readonly routes: RouteMetrics
  readonly families: ReadonlyMap<string, CellFamily>
  /** The worst of all event loops; sums over them. */
  readonly delay: LoopDelay
  readonly heapBytes: number
  /** By the name of the sink. */
  readonly sinks: ReadonlyMap<string, Pick<SinkState, 'dropped' | 'bufferedBytes'>>
}

const NO_DELAY: LoopDelay = { p50: 0, p99: 0, sum: 0, count: 0 }

/** Adds up what threads counted, each given by all its blocks. */
export function mergeNumbers(threads: readonly (readonly NumberBlock[])[]): MergedNumbers {
  const routes = new RouteMetrics()
  const families = new Map<string, CellFamily>()
  const sinks = new Map<string, Pick<SinkState, 'dropped' | 'bufferedBytes'>>()
  let delay = NO_DELAY
  let heapBytes = 0
  for (const blocks of threads) {
    const codes = blocks.find(({ key }) => key[0] === 'codes')?.values
    for (const block of blocks) {
      const { key, values } = block
      if (key[0] === 'counter' || key[0] === 'gauge') familyOf(families, block).absorb(block)
      else if (key[0] === 'delay') delay = worse(delay, values)
      else if (key[0] === 'heap') heapBytes += values[0] ?? 0
      else if (key[0] === 'sink') addSink(sinks, block)
      else if (key[0] !== 'codes') routes.absorb(block, codes)
    }
  }
  return { routes, families, delay, heapBytes, sinks }
}

function familyOf(families: Map<string, CellFamily>, { key }: NumberBlock): CellFamily {
  const name = key[1] ?? ''
  const known = families.get(name) ?? CellFamily.ofKey(key)
  families.set(name, known)
  return known
}

function worse(delay: LoopDelay, values: Float64Array): LoopDelay {
  const [p50 = 0, p99 = 0, sum = 0, count = 0] = values
  return {
    p50: Math.max(delay.p50, p50),
    p99: Math.max(delay.p99, p99),
    sum: delay.sum + sum,
    count: delay.count + count,
  }
}

function addSink(
  sinks: Map<string, Pick<SinkState, 'dropped' | 'bufferedBytes'>>,
  { key, values }: NumberBlock,
): void {
  const [access = 0, security = 0, bytes = 0] = values
  const { dropped, bufferedBytes } = sinks.get(key[1] ?? '') ?? {
    dropped: { access: 0, security: 0 },
    bufferedBytes: 0,
  }
  sinks.set(key[1] ?? '', {
    dropped: { access: dropped.access + access, security: dropped.security + security },
    bufferedBytes: bufferedBytes + bytes,
  })
}
