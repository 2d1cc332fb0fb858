import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RangeOrder, RangeReady, ToChild, ToParent } from './messages.ts'

const START_MS = 60_000
/** What takes longer to close has something left that the next gateway must not meet. */
const END_MS = 5000
const MAX_STDERR_CHARS = 4000

/** A message without the number of the call. */
type Asked = ToChild extends infer One ? (One extends unknown ? Omit<One, 'call'> : never) : never

/** A process in which gateways of the range run, one after another: most of what a start takes is taken once. */
export class RangeHost {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (told: ToParent) => void>()
  #calls = 0
  #stderr = ''
  /** Why it answers no more. */
  #end: string | undefined

  constructor(signal: AbortSignal) {
    this.#child = forkGateway(signal)
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS)
    })
    this.#child.on('message', (told: ToParent) => {
      this.#waiting.get(told.call)?.(told)
      this.#waiting.delete(told.call)
    })
    this.#child.on('error', ({ message }) => this.#abandon(message))
    this.#child.once('exit', (code) =>
      this.#abandon(`the gateway ended: code ${code}: ${this.#stderr}`),
    )
  }

  /** Starts a gateway and waits until it listens. Rejects with what it said when it does not. */
  async start(order: RangeOrder): Promise<RangeReady> {
    const { ready } = await this.ask({ kind: 'start', order }, START_MS)
    if (ready === undefined) throw new Error('the gateway did not say how it stands')
    return ready
  }

  /** Closes the gateway. @returns whether another one can run here. */
  async end(): Promise<boolean> {
    try {
      await this.ask({ kind: 'end' }, END_MS)
      return true
    } catch {
      return false
    }
  }

  /** Has something done. Rejects with the fault, or when the process is gone or takes longer than `ms`. */
  async ask(message: Asked, ms: number = START_MS): Promise<ToParent> {
    this.#calls += 1
    const call = this.#calls
    const told = await new Promise<ToParent>((resolve) => {
      if (this.#end !== undefined) return resolve({ call, fault: this.#end })
      const late = { call, fault: `the gateway took longer than ${ms / 1000} s: ${message.kind}` }
      const timer = setTimeout(() => resolve(late), ms)
      this.#waiting.set(call, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#child.send({ ...message, call }, (error) => {
        if (error !== null) this.#abandon(`the gateway ended: ${error.message}`)
      })
    })
    if (told.fault !== undefined) throw new Error(told.fault)
    return told
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #abandon(reason: string): void {
    this.#end ??= reason
    for (const [call, resolve] of this.#waiting) resolve({ call, fault: reason })
    this.#waiting.clear()
  }
}

/** The processes of one run. */
export class RangeHosts {
  readonly #signal: AbortSignal
  readonly #all = new Set<RangeHost>()
  readonly #idle: RangeHost[] = []

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** One in which no gateway runs. */
  take(): RangeHost {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    const host = new RangeHost(this.#signal)
    this.#all.add(host)
    return host
  }

  /** `isAsBefore`: the process is as it was before its gateway ran. */
  async giveBack(host: RangeHost, isAsBefore: boolean): Promise<void> {
    if (isAsBefore && (await host.end())) return void this.#idle.push(host)
    this.#all.delete(host)
    host.kill()
  }

  close(): void {
    for (const host of this.#all) host.kill()
    this.#all.clear()
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
