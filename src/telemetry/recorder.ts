import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import type { Secret } from '../base/secret.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { createAccessFormatter } from './access-record.ts'
import type { AccessFormatter } from './access-record.ts'
import type { Metrics } from './metrics.ts'
import type { NumberBlock } from './numbers.ts'
import { createPrincipalFields } from './principal-fields.ts'
import { createPseudonyms } from './pseudonym.ts'
import { createEventFormatter } from './security-events.ts'
import type { EventFormatter, LifecycleEvent } from './security-events.ts'
import type { Sink, SinkState, SinkWatch } from './sink.ts'

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly metrics: Metrics
  /** Key of the pseudonyms; 32 random bytes that stay the same across restarts. */
  readonly pseudonymKey: Secret<Buffer>
  /** Opens the sinks; what they report about themselves becomes events. */
  readonly openSinks: (watch: SinkWatch) => readonly Sink[]
  readonly clock?: Clock
  /** Told when no sink has room for what must not be lost, and when one has again. */
  readonly onRoom?: (isFull: boolean) => void
  /** Whether access records are written; events and metrics always are. Default true. */
  readonly writesAccess?: boolean
}

/** The one object that the gateway tells what happened. No method throws. */
export interface Recorder {
  /** At the begin of every exchange that `record` will end: counts it as under way. */
  began(): void
  /** At the end of every exchange, also of aborted ones: access record, events, metrics. Once. */
  record(exchange: Exchange): void
  /** Start, stop, configuration, keys, graduation. */
  emit(event: LifecycleEvent): void
  /** See `Metrics.text`. */
  metricsText(threads?: readonly (readonly NumberBlock[])[]): string
  /** No sink has room for what must not be lost. */
  readonly isFull: boolean
  /** How the sinks are now. */
  sinkStates(): readonly SinkState[]
  /** After log rotation (SIGHUP). */
  reopen(): void
  flush(): Promise<void>
  /** Flushes and closes the sinks; the metrics stay readable. */
  close(): Promise<void>
}

/** Makes the recorder and opens its sinks. @throws the system's error when a sink cannot be opened. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new GatewayRecorder(options)
}

class GatewayRecorder implements Recorder {
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #writesAccess: boolean
  readonly #sinks: readonly Sink[]
  readonly #formatAccess: AccessFormatter
  readonly #formatEvents: EventFormatter
  readonly #onRoom: (isFull: boolean) => void
  isFull = false

  constructor(options: RecorderOptions) {
    const who = createPrincipalFields(createPseudonyms(options.pseudonymKey))
    this.#metrics = options.metrics
    this.#clock = options.clock ?? systemClock
    this.#writesAccess = options.writesAccess ?? true
    this.#onRoom = options.onRoom ?? (() => undefined)
    this.#formatAccess = createAccessFormatter(who)
    this.#formatEvents = createEventFormatter(who)
    this.#sinks = options.openSinks({
      down: (name, error) => this.emit(sinkDown(name, error)),
      up: (name, lost) => this.emit(sinkUp(name, lost)),
      room: () => this.#noteRoom(),
    })
    this.#metrics.watchSinks(() => this.sinkStates())
  }

  sinkStates(): readonly SinkState[] {
    return this.#sinks.map((sink) => sink.state)
  }

  began(): void {
    this.#metrics.began()
  }

  record(exchange: Exchange): void {
    try {
      const durationMs = Math.max(0, performance.now() - exchange.startedAt)
      this.#metrics.ended(exchange, durationMs / 1000)
      if (this.#writesAccess) this.#write(this.#formatAccess(exchange, durationMs), 'access')
      if (exchange.events.length > 0 || exchange.observed.length > 0) this.#recordEvents(exchange)
    } catch (error) {
      this.#fault(error)
    }
  }

  emit(event: LifecycleEvent): void {
    try {
      this.#metrics.securityEvent(event.name, event.level)
      this.#write(this.#formatEvents.ofLifecycle(event, this.#clock.nowMs()), 'security')
    } catch (error) {
      this.#fault(error)
    }
  }

  metricsText(threads?: readonly (readonly NumberBlock[])[]): string {
    return this.#metrics.text(threads)
  }

  reopen(): void {
    for (const sink of this.#sinks) sink.reopen()
  }

  async flush(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.flush()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()))
    this.#metrics.close()
  }

  /** As long as one sink takes them, no line is lost. */
  #noteRoom(): void {
    const isFull = this.#sinks.every((sink) => sink.isFull)
    if (isFull === this.isFull) return
    this.isFull = isFull
    this.#onRoom(isFull)
  }

  #recordEvents(exchange: Exchange): void {
    for (const { name, level } of exchange.events) this.#metrics.securityEvent(name, level)
    for (const line of this.#formatEvents.ofExchange(exchange)) this.#write(line, 'security')
  }

  #write(line: string, stream: 'access' | 'security'): void {
    for (const sink of this.#sinks) sink.write(line, stream)
  }

  // A record that cannot be written must not cost the answer; that it is missing must be seen.
  #fault(error: unknown): void {
    this.#metrics
      .counter('sallyport_record_faults_total', 'Records that could not be written.')
      .cell().value++
    const detail = error instanceof Error ? (error.stack ?? error.message) : 'unknown fault'
    const event = {
      name: 'sp_log_gap',
      level: 'critical',
      control: 'recorder',
      reason: 'fault',
      detail,
    } as const
    this.#write(this.#formatEvents.ofLifecycle(event, this.#clock.nowMs()), 'security')
  }
}

function sinkDown(sink: string, error: NodeJS.ErrnoException): LifecycleEvent {
  const reason = error.code ?? 'unknown'
  return { name: 'sp_sink_down', level: 'critical', control: 'sink', reason, facts: { sink } }
}

function sinkUp(
  sink: string,
  lost: Readonly<Record<'access' | 'security', number>>,
): LifecycleEvent {
  const facts = { sink, lost_access: lost.access, lost_security: lost.security }
  if (lost.access + lost.security === 0)
    return { name: 'sp_sink_up', level: 'info', control: 'sink', reason: 'recovered', facts }
  return { name: 'sp_log_gap', level: 'critical', control: 'sink', reason: 'lines_dropped', facts }
}
