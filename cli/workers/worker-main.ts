import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Secret } from '../../src/base/secret.ts'
import { EDGE_LIMITS } from '../../src/edges/exchange/limits.ts'
import type { EdgeLimits } from '../../src/edges/exchange/limits.ts'
import type { Listener } from '../../src/edges/listener/listener.ts'
import { FollowerGateway } from '../../src/gateway/threads/follower.ts'
import { unpack } from '../../src/gateway/threads/portable.ts'
import type { PlanSnapshot } from '../../src/gateway/threads/snapshot.ts'
import { KeyVersions } from '../../src/store/shared/key-versions.ts'
import { Seats } from '../../src/store/shared/seats.ts'
import { SharedCounters } from '../../src/store/shared/shared-counters.ts'
import { SharedNumbers } from '../../src/telemetry/numbers.ts'
import { createSink, sinkName } from '../../src/telemetry/sink.ts'
import { openListener } from '../open-listener.ts'
import type { PortOptions } from '../open-listener.ts'
import { settleGlobals } from '../tune-engine.ts'
import { VERSION } from '../version.ts'
import { FedTicketKeys, FedTls } from './fed-tls.ts'
import type { ToWorker, WorkerOrder } from './messages.ts'
import { PortLine } from './port-line.ts'

// One of the threads that serve: started by the pool of the main thread alone, told what to do over its port.

const PUBLISH_MS = 1000

class ServingWorker {
  readonly #order: WorkerOrder
  readonly #port: MessagePort
  readonly #line: PortLine
  readonly #gateway: FollowerGateway
  readonly #snapshot: PlanSnapshot
  readonly #tls: FedTls | undefined
  readonly #tickets: FedTicketKeys
  readonly #publishing: NodeJS.Timeout
  #listeners: readonly Listener[] = []

  constructor(order: WorkerOrder, port: MessagePort) {
    this.#order = order
    this.#port = port
    this.#line = new PortLine(port)
    this.#snapshot = unpack(order.snapshot) as PlanSnapshot
    this.#tls = order.tls === undefined ? undefined : new FedTls(order.tls)
    this.#tickets = new FedTicketKeys(order.ticketKeys)
    this.#gateway = this.#openGateway()
    this.#publishing = setInterval(() => this.#gateway.metrics.publish(), PUBLISH_MS)
    port.on('message', (message: ToWorker) => void this.#hear(message))
  }

  async open(): Promise<void> {
    const { https, http } = this.#order.ports
    await this.#gateway.ready()
    const listeners = [await this.#listen('https', https), await this.#listen('http', http)]
    this.#listeners = listeners.filter((listener) => listener !== undefined)
    const [tls, plain] = listeners
    this.#line.tell({ kind: 'ready', https: tls?.port, http: plain?.port })
  }

  #openGateway(): FollowerGateway {
    const { thread, counters, keyVersions, secretsText } = this.#order
    const line = this.#line
    const numbers = new SharedNumbers((block) => line.tell({ kind: 'numbers', block }))
    return new FollowerGateway({
      version: VERSION,
      snapshot: this.#snapshot,
      secretsText: unpack(secretsText) as Secret,
      counters: new SharedCounters(counters, thread),
      versions: new KeyVersions(keyVersions),
      numbers: numbers.allocate,
      askKeys: (call) => line.askKeys(call),
      openSink: (target, watch, limits) =>
        createSink({
          name: sinkName(target),
          limits,
          watch,
          open: () => line.outlet(target),
        }),
      tellNotes: (notes) => line.tell({ kind: 'notes', notes }),
      tellBan: (ban) => line.tell({ kind: 'ban', ban }),
      tellDependency: (word) => line.tell({ kind: 'dependency', word }),
    })
  }

  #listen(kind: 'https' | 'http', port: number | undefined): Promise<Listener | undefined> {
    if (port === undefined) return Promise.resolve(undefined)
    const options: PortOptions = {
      kind,
      port,
      reusePort: true,
      limits: shareOf(this.#order.threads),
      seats: this.#seatsOf(kind),
      ...(kind === 'https' && this.#tls !== undefined
        ? { tls: this.#tls, ticketKeys: this.#tickets }
        : {}),
    }
    return openListener(this.#gateway, this.#snapshot.settings, options)
  }

  #seatsOf(kind: 'https' | 'http'): Seats {
    const { connections, connectionsPerAddress } = EDGE_LIMITS
    return new Seats(this.#order.seats[kind], {
      thread: this.#order.thread,
      all: connections,
      perAddress: connectionsPerAddress,
    })
  }

  async #hear(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'answer':
      case 'written':
        return this.#line.hear(message)
      case 'prepare': {
        const { id } = message
        const faults = this.#gateway.prepare(unpack(message.snapshot) as PlanSnapshot)
        return this.#line.tell({ kind: 'prepared', id, faults })
      }
      case 'commit':
        this.#gateway.commit()
        return this.#line.tell({ kind: 'committed', id: message.id })
      case 'abandon':
        return this.#gateway.abandon()
      case 'tls':
        return this.#tls?.feed(message.options)
      case 'tickets':
        return this.#tickets.feed(message.keys)
      default:
        return this.#close(message.graceMs, message.lingerMs)
    }
  }

  async #close(graceMs: number, lingerMs: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(graceMs, lingerMs)))
    clearInterval(this.#publishing)
    await this.#gateway.close()
    this.#line.tell({ kind: 'closed' })
    this.#port.close()
  }
}

/** Bounds of the whole process that are not counted together, in equal parts: load spreads evenly enough. */
function shareOf(threads: number): Partial<EdgeLimits> {
  const part = (whole: number): number => Math.ceil(whole / threads)
  const { inFlight, handshakesPerSecond, handshakeBurst } = EDGE_LIMITS
  return {
    inFlight: part(inFlight),
    handshakesPerSecond: part(handshakesPerSecond),
    handshakeBurst: part(handshakeBurst),
  }
}

async function serve(port: MessagePort): Promise<void> {
  try {
    settleGlobals()
    await new ServingWorker(workerData as WorkerOrder, port).open()
  } catch (error) {
    const { message } = error as Error
    port.postMessage({ kind: 'failed', error: { ...(error as object), message } })
    port.close()
  }
}

if (parentPort !== null) void serve(parentPort)
