import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import type { SecureContextOptions } from 'node:tls'
import type { ConfigFault } from '../../src/base/config-error.ts'
import { TICKET_KEYS_MS } from '../../src/edges/listener/listener.ts'
import type { TlsContextSource } from '../../src/edges/tls/context.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { pack } from '../../src/gateway/threads/portable.ts'
import type { Followers, PlanSnapshot } from '../../src/gateway/threads/snapshot.ts'
import { answerKeyCall } from '../../src/store/remote-keys.ts'
import { addressOf } from '../open-listener.ts'
import type { ToWorker } from './messages.ts'
import { ServingThread } from './serving-thread.ts'
import type { BoundPorts, ThreadHost } from './serving-thread.ts'
import type { SharedState } from './shared-state.ts'

/** How the pool is opened. */
export interface PoolOptions {
  readonly gateway: Gateway
  readonly state: SharedState
  readonly threads: number
  readonly ports: BoundPorts
  readonly tls: TlsContextSource | undefined
}

/** A thread that lived longer than this died of something new. */
const STEADY_MS = 10_000
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 10_000
/** Connections that wait for their next request may still send it for this long. */
const LINGER_MS = 500
/** Part of the machine's memory that all workers' heaps together may fill. */
const HEAP_SHARE = 0.6

/**
 * The threads that serve: as many as asked for, each with a listener on the same ports. One that dies is replaced at
 * once, or after a pause that doubles while they keep dying. Plans come into force in all of them or in none.
 */
export class WorkerPool implements Followers, ThreadHost {
  readonly #options: PoolOptions
  readonly #threads = new Map<number, ServingThread>()
  readonly #unsubscribe: () => void
  readonly #ticketTimer: NodeJS.Timeout
  /** Threads that hold the plan that is to come. */
  readonly #prepared = new Set<ServingThread>()
  #ports: BoundPorts
  #ticketKeys = newTicketKeys()
  #deaths = 0
  #isClosing = false

  private constructor(options: PoolOptions) {
    this.#options = options
    this.#ports = options.ports
    this.#unsubscribe =
      options.tls?.subscribe((tls: SecureContextOptions) =>
        this.#tellAll({ kind: 'tls', options: tls }),
      ) ?? (() => undefined)
    this.#ticketTimer = setInterval(() => this.#renewTickets(), TICKET_KEYS_MS)
    this.#ticketTimer.unref()
  }

  /** Starts the threads. Rejects with the system's error when a port is taken. */
  static async open(options: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options)
    try {
      await pool.#open()
    } catch (error) {
      await pool.close(0)
      throw error
    }
    options.gateway.followedBy(pool)
    return pool
  }

  get ports(): BoundPorts {
    return this.#ports
  }

  /** Threads that serve now. */
  get serving(): number {
    return [...this.#threads.values()].filter(({ isReady }) => isReady).length
  }

  /** The living threads; for tests that end them. */
  get threads(): readonly ServingThread[] {
    return [...this.#threads.values()]
  }

  /** Prometheus text over all threads, the dead ones included. */
  metricsText(): string {
    const { gateway, state } = this.#options
    // Writes down how this thread is, for the sums below.
    gateway.metrics.publish()
    const living = [...this.#threads.values()].map(({ numbers }) => numbers)
    return gateway.recorder.metricsText([state.numbers.blocks, ...living, state.ended.blocks])
  }

  async prepare(snapshot: PlanSnapshot): Promise<readonly ConfigFault[]> {
    const packed = pack(snapshot)
    this.#prepared.clear()
    const found = await Promise.all(
      this.threads.map(async (thread) => {
        this.#prepared.add(thread)
        return thread.prepare(packed)
      }),
    )
    return found.find((faults) => faults.length > 0) ?? []
  }

  async commit(): Promise<void> {
    const late = this.threads.filter((thread) => !this.#prepared.has(thread))
    this.#prepared.clear()
    const packed = late.length === 0 ? undefined : pack(this.#options.gateway.snapshot())
    // A thread that was started meanwhile began under the plan before.
    for (const thread of late) void thread.prepare(packed)
    await Promise.all(this.threads.map((thread) => thread.commit()))
  }

  abandon(): void {
    this.#prepared.clear()
    this.#tellAll({ kind: 'abandon' })
  }

  /** Lets what runs end within `graceMs`, then ends the threads. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    this.#unsubscribe()
    clearInterval(this.#ticketTimer)
    const lingerMs = Math.min(LINGER_MS, graceMs)
    await Promise.all(
      this.threads.map((thread) =>
        graceMs === 0 ? thread.kill() : thread.close(graceMs, lingerMs),
      ),
    )
  }

  answerKeys: ThreadHost['answerKeys'] = (call) =>
    answerKeyCall(this.#options.gateway.services.records.keys, call).finally(() => {
      if (call.method === 'replace') this.#options.state.parts.onKeyChange(call.row.id)
    })

  outlet: ThreadHost['outlet'] = (target) => this.#options.state.outlet(target)

  note: ThreadHost['note'] = (notes) => {
    for (const note of notes) this.#options.gateway.adoption.apply(note)
  }

  ban: ThreadHost['ban'] = (ban) => this.#options.gateway.bans.note(ban)

  dependency: ThreadHost['dependency'] = (thread, word) =>
    this.#options.gateway.dependencies.hear(word, String(thread.number))

  gone: ThreadHost['gone'] = (thread, cause) => {
    const { state, gateway } = this.#options
    gateway.dependencies.forget(String(thread.number))
    this.#threads.delete(thread.number)
    state.threadGone(thread.number)
    state.ended.add(thread.numbers)
    if (this.#isClosing) return
    const livedMs = performance.now() - thread.startedAt
    this.#deaths = livedMs > STEADY_MS ? 1 : this.#deaths + 1
    const pauseMs =
      this.#deaths === 1 ? 0 : Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#deaths - 2))
    this.#tellDeath(thread, cause, pauseMs)
    setTimeout(() => void this.#replace(thread.number), pauseMs)
  }

  async #open(): Promise<void> {
    const { threads, ports } = this.#options
    // With shared ports nobody is told that another process listens there.
    for (const port of [ports.https, ports.http]) await this.#claim(port)
    const numbers = Array.from({ length: threads }, (_, number) => number)
    // A free port is found by the first one; the others need to know it.
    if (ports.https === 0 || ports.http === 0) {
      const { https, http } = await this.#start(0).ready
      this.#ports = { https, http }
      numbers.shift()
    }
    const started = numbers.map((number) => this.#start(number))
    await Promise.all(started.map(({ ready }) => ready))
  }

  #claim(port: number | undefined): Promise<void> {
    if (port === undefined || port === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen({ port, host: addressOf(this.#options.gateway.loaded.settings) }, () =>
        server.close(() => resolve()),
      )
    })
  }

  #start(number: number): ServingThread {
    const { gateway, state, threads, tls } = this.#options
    const order = {
      thread: number,
      threads,
      snapshot: pack(gateway.snapshot()),
      secretsText: pack(gateway.services.secretsText),
      counters: state.counters,
      keyVersions: state.keyVersions,
      seats: state.seats,
      ports: this.#ports,
      tls: tls?.options,
      ticketKeys: this.#ticketKeys,
    }
    const heapMb = Math.floor((totalmem() / 2 ** 20) * (HEAP_SHARE / threads))
    const thread = new ServingThread(order, this, heapMb)
    this.#threads.set(number, thread)
    return thread
  }

  async #replace(number: number): Promise<void> {
    if (this.#isClosing) return
    try {
      const thread = this.#start(number)
      await thread.ready
      this.#emit('info', 'replaced', { thread: number })
    } catch {
      // It says so itself when it is gone, and is replaced in its turn.
      await this.#threads.get(number)?.kill()
    }
  }

  #tellDeath(thread: ServingThread, cause: unknown, pauseMs: number): void {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : 'it was ended'
    this.#emit('critical', 'died', { thread: thread.number, pause_ms: pauseMs }, detail)
  }

  #emit(
    level: 'info' | 'critical',
    reason: string,
    facts: Readonly<Record<string, number>>,
    detail?: string,
  ): void {
    const event = { name: 'sp_worker', level, control: 'workers', reason, facts } as const
    this.#options.gateway.recorder.emit(detail === undefined ? event : { ...event, detail })
  }

  #renewTickets(): void {
    this.#ticketKeys = newTicketKeys()
    this.#tellAll({ kind: 'tickets', keys: this.#ticketKeys })
  }

  #tellAll(message: ToWorker): void {
    for (const thread of this.#threads.values()) thread.tell(message)
  }
}

function newTicketKeys(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(48))
}
