import { Worker } from 'node:worker_threads'
import type { ConfigFault } from '../../src/base/config-error.ts'
import type { ListedBan } from '../../src/gateway/bans.ts'
import type { ThreadWord } from '../../src/gateway/dependencies.ts'
import type { AdoptNote } from '../../src/gateway/adopt/notes.ts'
import type { KeyAnswer, KeyCall } from '../../src/store/remote-keys.ts'
import type { NumberBlock } from '../../src/telemetry/numbers.ts'
import type { OutletQueue } from '../../src/telemetry/outlet-queue.ts'
import type { SinkTarget } from '../../src/gateway/config/values/text.ts'
import type { FromWorker, ToWorker, WorkerOrder } from './messages.ts'

/** What a worker needs of the main thread, and whom it tells that it is gone. */
export interface ThreadHost {
  answerKeys(call: KeyCall): Promise<KeyAnswer>
  /** @throws the system's error when the target cannot be opened. */
  outlet(target: SinkTarget): OutletQueue
  note(notes: readonly AdoptNote[]): void
  ban(ban: ListedBan): void
  dependency(thread: ServingThread, word: ThreadWord): void
  /** Once, whatever ended it. `cause`: an uncaught error, or none. */
  gone(thread: ServingThread, cause: unknown): void
}

/** Ports a worker listens on. */
export interface BoundPorts {
  readonly https: number | undefined
  readonly http: number | undefined
}

/** The main thread's end of one worker. */
export class ServingThread {
  readonly number: number
  readonly startedAt: number = performance.now()
  /** What it counts; readable also after its death. */
  readonly numbers: NumberBlock[] = []
  /** Rejects when it cannot serve. */
  readonly ready: Promise<BoundPorts>
  /** Resolves when the thread is no more. */
  readonly ended: Promise<void>
  isReady = false
  readonly #host: ThreadHost
  readonly #worker: Worker
  /** Who waits for `prepared` or `committed`; all are told when the thread ends. */
  readonly #waiting = new Map<number, (faults: readonly ConfigFault[]) => void>()
  readonly #start: PromiseWithResolvers<BoundPorts>
  #lastId = 0
  #cause: unknown

  constructor(order: WorkerOrder, host: ThreadHost, heapMb: number) {
    this.number = order.thread
    this.#host = host
    this.#start = Promise.withResolvers()
    this.ready = this.#start.promise
    // Whoever starts the thread waits for it; a thread that dies later must not reject unheard.
    this.ready.catch(() => undefined)
    this.#worker = new Worker(ENTRY, {
      workerData: order,
      name: `serve ${order.thread}`,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    this.#worker.on('message', (message: FromWorker) => void this.#hear(message))
    this.#worker.on('error', (error) => (this.#cause = error))
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end()
        resolve()
      })
    })
  }

  /** Compiles a plan aside; resolves to what stands in the way. A thread that dies over it says nothing. */
  prepare(snapshot: unknown): Promise<readonly ConfigFault[]> {
    return this.#request((id) => ({ kind: 'prepare', id, snapshot }))
  }

  /** Puts what was prepared in force. */
  async commit(): Promise<void> {
    await this.#request((id) => ({ kind: 'commit', id }))
  }

  tell(message: ToWorker): void {
    // A worker, not a window: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(message)
  }

  /** Lets what runs end, then ends the thread, after `graceMs` and some at the latest. */
  async close(graceMs: number, lingerMs: number): Promise<void> {
    this.tell({ kind: 'close', graceMs, lingerMs })
    const timer = setTimeout(() => void this.kill(), graceMs + FLUSH_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** Ends the thread wherever it stands. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }

  #request(make: (id: number) => ToWorker): Promise<readonly ConfigFault[]> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.tell(make(id))
    })
  }

  async #hear(message: FromWorker): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.isReady = true
        return this.#start.resolve(message)
      case 'failed':
        return this.#start.reject(Object.assign(new Error(message.error.message), message.error))
      case 'prepared':
        return this.#settle(message.id, message.faults)
      case 'committed':
        return this.#settle(message.id, [])
      case 'ask': {
        const answer = await this.#host.answerKeys(message.call)
        return this.tell({ kind: 'answer', id: message.id, answer })
      }
      case 'write':
        return this.#write(message)
      case 'numbers':
        return void this.numbers.push(message.block)
      case 'notes':
        return this.#host.note(message.notes)
      case 'ban':
        return this.#host.ban(message.ban)
      case 'dependency':
        return this.#host.dependency(this, message.word)
      default:
        return undefined
    }
  }

  #write({ id, target, chunk }: Extract<FromWorker, { readonly kind: 'write' }>): void {
    const done = (error: NodeJS.ErrnoException | undefined, bytes: number): void => {
      const told =
        error === undefined ? undefined : { code: error.code ?? 'EIO', message: error.message }
      this.tell({ kind: 'written', id, error: told, bytes })
    }
    try {
      this.#host
        .outlet(target)
        .write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), done)
    } catch (error) {
      done(error as NodeJS.ErrnoException, 0)
    }
  }

  #settle(id: number, faults: readonly ConfigFault[]): void {
    this.#waiting.get(id)?.(faults)
    this.#waiting.delete(id)
  }

  #end(): void {
    this.isReady = false
    this.#start.reject(this.#cause ?? new Error('the worker ended before it served'))
    for (const id of this.#waiting.keys()) this.#settle(id, [])
    this.#host.gone(this, this.#cause)
  }
}

/** Time for logs to be written after the last request. */
const FLUSH_MS = 3000

/** Beside this file, in TypeScript as in the package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js',
  import.meta.url,
)
