import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { CellFamily, labelText, numberText, writeHead } from './metric-family.ts'
import type { Cell, MetricFamily } from './metric-family.ts'
import { ownNumbers } from './numbers.ts'
import type { AllocateNumbers, NumberBlock } from './numbers.ts'
import { RouteMetrics } from './route-metrics.ts'
import type { SinkState } from './sink.ts'
import { loopDelayOf, mergeNumbers, Vitals } from './thread-metrics.ts'
import type { LoopDelay } from './thread-metrics.ts'

const DELAY_RESOLUTION_MS = 20

/** What `/metrics` answers with. */
export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** How metrics are made. */
export interface MetricsOptions {
  readonly version: string
  readonly clock?: Clock
  /** Names of the controls of the authorize stages: a denial of theirs is an authorization decision. */
  readonly authorizeControls?: ReadonlySet<string>
  /** Where numbers stand, when other threads are to read them. */
  readonly numbers?: AllocateNumbers
}

/** The gateway's numbers. Nothing here throws. */
export interface Metrics {
  /** A request is under way; `ended` takes it off again. */
  began(): void
  ended(exchange: Exchange, seconds: number): void
  configReloaded(result: 'success' | 'failure'): void
  /** A certificate in use; `notAfterMs` is the end of its validity. */
  certificate(name: string, notAfterMs: number): void
  /** When the database of countries in use was built; `undefined`: none is. */
  placesBuilt(builtMs: number | undefined): void
  securityEvent(name: string, level: string): void
  /** A further counter or gauge, such as `sallyport_h2_resets_total`. The same name gives the same family. */
  counter(name: string, help: string, labelNames?: readonly string[]): MetricFamily
  gauge(name: string, help: string, labelNames?: readonly string[]): MetricFamily
  /** Sinks whose losses are shown. */
  watchSinks(states: () => readonly SinkState[]): void
  /**
   * Prometheus text exposition format 0.0.4. With `threads` the numbers are those of all of them together: what each
   * has allocated, this one's included.
   */
  text(threads?: readonly (readonly NumberBlock[])[]): string
  /** Writes down for other threads how this one is; call it about once a second. */
  publish(): void
  /** Stops the event loop's clock. */
  close(): void
}

const NO_CONTROLS: ReadonlySet<string> = new Set()
/** The runner's own denial when no control of the authorize stage decided. */
const NO_POLICY = 'no_policy'

/** Makes the counters and starts measuring the event loop's delay. */
export function createMetrics(options: MetricsOptions): Metrics {
  return new GatewayMetrics(options)
}

class GatewayMetrics implements Metrics {
  readonly #clock: Clock
  readonly #authorizeControls: ReadonlySet<string>
  readonly #allocate: AllocateNumbers
  readonly #routes: RouteMetrics
  readonly #vitals: Vitals
  readonly #families = new Map<string, CellFamily>()
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  readonly #certificates = new Map<string, number>()
  #placesBuiltMs: number | undefined
  readonly #upstreamErrors: MetricFamily
  readonly #reloads: MetricFamily
  readonly #events: MetricFamily
  /** The series last counted of each event, of which there are as many as controls have names for: most have one level. */
  readonly #eventCells = new Map<string, { readonly level: string; readonly cell: Cell }>()
  readonly #allowed: Cell
  readonly #refused: Cell
  readonly #inflight: Cell
  #sinkStates: () => readonly SinkState[] = () => []

  constructor(options: MetricsOptions) {
    this.#clock = options.clock ?? systemClock
    this.#allocate = options.numbers ?? ownNumbers
    this.#routes = new RouteMetrics(this.#allocate)
    this.#vitals = new Vitals(this.#allocate)
    this.#authorizeControls = options.authorizeControls ?? NO_CONTROLS
    this.#upstreamErrors = this.counter(
      'sallyport_upstream_errors_total',
      'Faults of the API or of the way to it.',
      ['reason'],
    )
    this.#reloads = this.counter(
      'sallyport_config_reload_total',
      'Configurations loaded after the start.',
      ['result'],
    )
    this.#events = this.counter(
      'sallyport_security_events_total',
      'Lines of the security stream.',
      ['event', 'level'],
    )
    const effects = this.counter('sallyport_authz_decisions_total', 'Authorization decisions.', [
      'effect',
    ])
    this.#allowed = effects.cell('allow')
    this.#refused = effects.cell('deny')
    this.#inflight = this.gauge('sallyport_inflight', 'Requests under way.').cell()
    this.#reloads.cell('success')
    this.#reloads.cell('failure')
    this.gauge('sallyport_build_info', 'Version of the program.', ['version', 'node']).cell(
      options.version,
      process.version,
    ).value = 1
    this.#delay.enable()
  }

  began(): void {
    this.#inflight.value++
  }

  ended(exchange: Exchange, seconds: number): void {
    if (this.#inflight.value > 0) this.#inflight.value--
    this.#routes.record(exchange, seconds)
    const { decision, upstream, abortedBy } = exchange
    if (decision !== undefined) this.#countDenial(decision.control, decision.reason)
    else if (exchange.authorizedBy !== undefined) this.#allowed.value++
    if (upstream !== undefined && upstream.status >= 500)
      this.#upstreamErrors.cell('status_5xx').value++
    if (abortedBy === 'upstream') this.#upstreamErrors.cell('aborted').value++
  }

  configReloaded(result: 'success' | 'failure'): void {
    this.#reloads.cell(result).value++
  }

  certificate(name: string, notAfterMs: number): void {
    this.#certificates.set(name, notAfterMs)
  }

  placesBuilt(builtMs: number | undefined): void {
    this.#placesBuiltMs = builtMs
  }

  securityEvent(name: string, level: string): void {
    const known = this.#eventCells.get(name)
    if (known?.level !== level) {
      const cell = this.#events.cell(name, level)
      this.#eventCells.set(name, { level, cell })
      cell.value++
    } else known.cell.value++
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): MetricFamily {
    return this.#family(new CellFamily({ name, help, type: 'counter' }, labelNames, this.#allocate))
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): MetricFamily {
    return this.#family(new CellFamily({ name, help, type: 'gauge' }, labelNames, this.#allocate))
  }

  watchSinks(states: () => readonly SinkState[]): void {
    this.#sinkStates = states
  }

  text(threads?: readonly (readonly NumberBlock[])[]): string {
    const own = {
      routes: this.#routes,
      families: this.#families,
      delay: loopDelayOf(this.#delay),
      heapBytes: process.memoryUsage().heapUsed,
    }
    this.publish()
    const { routes, families, delay, heapBytes, ...merged } =
      threads === undefined ? own : mergeNumbers(threads)
    const out: string[] = []
    routes.write(out)
    for (const family of families.values()) family.write(out)
    for (const [name, family] of this.#families) if (!families.has(name)) family.write(out)
    this.#writeCertificates(out)
    this.#writePlaces(out)
    this.#writeSinks(out, 'sinks' in merged ? merged.sinks : undefined)
    writeDelay(out, delay)
    writeProcess(out, this.#clock.nowMs(), heapBytes)
    return `${out.join('\n')}\n`
  }

  publish(): void {
    this.#vitals.publish(loopDelayOf(this.#delay), this.#sinkStates())
  }

  close(): void {
    this.#delay.disable()
  }

  #countDenial(control: string, reason: string): void {
    if (this.#authorizeControls.has(control) || reason === NO_POLICY) this.#refused.value++
    else if (reason.startsWith('upstream_')) this.#upstreamErrors.cell(reason).value++
  }

  #family(fresh: CellFamily): MetricFamily {
    const known = this.#families.get(fresh.head.name)
    if (known !== undefined) return known
    this.#families.set(fresh.head.name, fresh)
    return fresh
  }

  #writeCertificates(out: string[]): void {
    const name = 'sallyport_cert_expiry_seconds'
    writeHead(out, {
      name,
      help: 'Seconds until the certificate expires; negative: since.',
      type: 'gauge',
    })
    for (const [certificate, notAfterMs] of this.#certificates) {
      const left = Math.round((notAfterMs - this.#clock.nowMs()) / 1000)
      out.push(`${name}${labelText(['certificate'], [certificate])} ${numberText(left)}`)
    }
  }

  #writePlaces(out: string[]): void {
    if (this.#placesBuiltMs === undefined) return
    const name = 'sallyport_geo_db_age_seconds'
    writeHead(out, { name, help: 'Age of the database of countries in use.', type: 'gauge' })
    const age = Math.round((this.#clock.nowMs() - this.#placesBuiltMs) / 1000)
    out.push(`${name} ${numberText(age)}`)
  }

  #writeSinks(
    out: string[],
    merged: ReadonlyMap<string, Pick<SinkState, 'dropped' | 'bufferedBytes'>> | undefined,
  ): void {
    const states = this.#sinkStates().map((state) => ({ ...state, ...merged?.get(state.name) }))
    const dropped = 'sallyport_log_dropped_total'
    writeHead(out, {
      name: dropped,
      help: 'Log lines lost because a sink was down or slow.',
      type: 'counter',
    })
    for (const state of states) {
      for (const stream of ['access', 'security'] as const)
        out.push(
          `${dropped}${labelText(['sink', 'stream'], [state.name, stream])} ${state.dropped[stream]}`,
        )
    }
    const queue = 'sallyport_log_queue_bytes'
    writeHead(out, { name: queue, help: 'Log lines that wait to be written.', type: 'gauge' })
    for (const state of states)
      out.push(`${queue}${labelText(['sink'], [state.name])} ${state.bufferedBytes}`)
  }
}

function writeDelay(out: string[], delay: LoopDelay): void {
  const name = 'sallyport_eventloop_delay_seconds'
  writeHead(out, { name, help: 'How late the event loop was, since the start.', type: 'summary' })
  const quantiles = [
    ['0.5', delay.p50],
    ['0.99', delay.p99],
  ] as const
  for (const [quantile, value] of quantiles)
    out.push(`${name}${labelText(['quantile'], [quantile])} ${numberText(value)}`)
  out.push(`${name}_sum ${numberText(delay.sum)}`, `${name}_count ${delay.count}`)
}

function writeProcess(out: string[], nowMs: number, heapBytes: number): void {
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const startedSeconds = Math.round(nowMs / 1000 - process.uptime())
  const one = (name: string, help: string, type: 'counter' | 'gauge', value: number): void => {
    writeHead(out, { name, help, type })
    out.push(`${name} ${numberText(value)}`)
  }
  one('process_cpu_seconds_total', 'CPU time, user and system.', 'counter', (user + system) / 1e6)
  one('process_resident_memory_bytes', 'Resident memory.', 'gauge', rss)
  one('nodejs_heap_used_bytes', 'Heap in use.', 'gauge', heapBytes)
  one('process_start_time_seconds', 'Start, seconds since 1970.', 'gauge', startedSeconds)
}
