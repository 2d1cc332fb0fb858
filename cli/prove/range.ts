import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProofKey, ProofKeyOptions } from '../../src/pipeline/proof.ts'
import { Client } from './client.ts'
import type { Issuer } from './issuer.ts'
import type { RangeOrder, RangeReady, ToChild, ToParent } from './messages.ts'
import { Sink } from './sink.ts'

/** What a range is opened with. */
export type RangeRequest = Pick<RangeOrder, 'flags' | 'omit' | 'needs' | 'withOwnApis'> & {
  /** A folder of its own, made here. */
  readonly folder: string
  readonly issuer: Issuer
  readonly signal: AbortSignal
}

const START_MS = 60_000
const MAX_STDERR_CHARS = 4000

type Done = Extract<ToParent, { readonly kind: 'done' }>

/** A gateway in a process of its own, with the sink behind it. */
export class Range {
  readonly client: Client
  readonly sink: Sink
  readonly ready: RangeReady
  readonly issuer: Issuer
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (done: Done) => void>()
  #calls = 0

  private constructor(
    parts: { readonly child: ChildProcess; readonly sink: Sink; readonly issuer: Issuer },
    ready: RangeReady,
  ) {
    this.#child = parts.child
    this.sink = parts.sink
    this.issuer = parts.issuer
    this.ready = ready
    this.client = new Client({ https: ready.httpsPort, http: ready.httpPort })
    this.#child.on('message', (message: ToParent) => this.#hear(message))
    this.#child.once('exit', () => this.#abandon())
  }

  /** Starts the gateway and waits until it listens. Rejects with what it said when it does not. */
  static async open(request: RangeRequest): Promise<Range> {
    const { issuer, folder, flags, omit, needs, withOwnApis } = request
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const jwksFile = join(folder, 'jwks.json')
    writeFileSync(jwksFile, issuer.jwks, { mode: 0o600 })
    const sink = await Sink.open()
    const child = forkGateway(request.signal)
    const order = { flags, omit, needs, folder, jwksFile, withOwnApis, sinkOrigin: sink.origin }
    try {
      return new Range({ child, sink, issuer }, await whenReady(child, order))
    } catch (error) {
      child.kill('SIGKILL')
      sink.close()
      throw error
    }
  }

  /** Makes a key in the gateway's store. */
  newKey(options: ProofKeyOptions): Promise<ProofKey> {
    return this.#keyOf((call) => ({ kind: 'newKey', call, options }))
  }

  /** Brings a key in whose hash alone is known. */
  importKey(text: string): Promise<ProofKey> {
    return this.#keyOf((call) => ({ kind: 'importKey', call, text }))
  }

  async revokeKey(id: string): Promise<void> {
    await this.#call((call) => ({ kind: 'revokeKey', call, id }))
  }

  close(): void {
    this.client.close()
    this.sink.close()
    this.#child.kill('SIGKILL')
  }

  async #keyOf(message: (call: number) => ToChild): Promise<ProofKey> {
    const { key } = await this.#call(message)
    if (key === undefined) throw new Error('the gateway made no key')
    return key
  }

  async #call(message: (call: number) => ToChild): Promise<Done> {
    this.#calls += 1
    const call = this.#calls
    const answer = new Promise<Done>((resolve) => this.#waiting.set(call, resolve))
    this.#child.send(message(call))
    const done = await answer
    if (done.fault !== undefined) throw new Error(done.fault)
    return done
  }

  #hear(message: ToParent): void {
    if (message.kind !== 'done') return
    this.#waiting.get(message.call)?.(message)
    this.#waiting.delete(message.call)
  }

  #abandon(): void {
    for (const [call, resolve] of this.#waiting)
      resolve({ kind: 'done', call, fault: 'the gateway is gone' })
    this.#waiting.clear()
  }
}

function forkGateway(signal: AbortSignal): ChildProcess {
  // In the package the sources are compiled: the child has the extension that this file has.
  const file = new URL(`child${extname(import.meta.url)}`, import.meta.url)
  return fork(fileURLToPath(file), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  })
}

function whenReady(child: ChildProcess, order: RangeOrder): Promise<RangeReady> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    child.stderr?.setEncoding('utf8')
    child.stderr?.on('data', (text: string) => (stderr = (stderr + text).slice(-MAX_STDERR_CHARS)))
    const timer = setTimeout(() => reject(new Error('the gateway did not start in time')), START_MS)
    child.on('message', (message: ToParent) => {
      clearTimeout(timer)
      if (message.kind === 'ready') resolve(message)
      else if (message.kind === 'failed') reject(new Error(message.message))
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the gateway ended with code ${code}: ${stderr}`))
    })
    const start: ToChild = { kind: 'start', order }
    child.send(start)
  })
}
