import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

/** Set for the process that serves: it must not be supervised by another one. */
export const CHILD_MARK = 'SALLYPORT_SUPERVISED'

/** A process that lived longer than this died of something new. */
const STEADY_MS = 10_000
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 10_000

/** How `serve` is kept running. */
export interface SuperviseOptions {
  /** The program's entry, and its arguments. */
  readonly entry: string
  readonly args: readonly string[]
}

/** Exit codes above it name the signal that ended a process, as shells have it. */
const SIGNALLED = 128

/** What the process that serves tells: from here on it is worth starting again. */
export interface ServingMessage {
  readonly kind: 'serving'
}

/**
 * Runs `serve` in a process of its own and starts it again when it crashes, after a pause that doubles while it keeps
 * crashing. What ends before it has ever served has a fault that a second start will not cure: its exit code is ours.
 * SIGINT, SIGTERM and SIGHUP are passed on. This process loads nothing else, so that nothing in it can crash.
 */
export function supervise(options: SuperviseOptions): void {
  new Supervisor(options).start()
}

class Supervisor {
  readonly #options: SuperviseOptions
  #child: ChildProcess | undefined
  #startedAt = 0
  #crashes = 0
  #hasServed = false
  #isStopping = false
  #pause: NodeJS.Timeout | undefined

  constructor(options: SuperviseOptions) {
    this.#options = options
  }

  start(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => this.#stop(signal))
    process.on('SIGHUP', () => this.#child?.kill('SIGHUP'))
    this.#spawn('')
  }

  #spawn(afterDeathBy: string): void {
    this.#startedAt = performance.now()
    this.#child = fork(this.#options.entry, this.#options.args, {
      // The mark says how the one before it ended, for the log.
      env: { ...process.env, [CHILD_MARK]: afterDeathBy === '' ? 'first' : afterDeathBy },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: ServingMessage) => {
      if (message.kind === 'serving') this.#hasServed = true
    })
    this.#child.once('exit', (code, signal) => this.#ended(code, signal))
  }

  #stop(signal: NodeJS.Signals): void {
    this.#isStopping = true
    clearTimeout(this.#pause)
    if (this.#child === undefined) process.exit(0)
    this.#child.kill(signal)
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = undefined
    if (this.#isStopping || code === 0 || !this.#hasServed) {
      process.exitCode = code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])
      return
    }
    const isSteady = performance.now() - this.#startedAt > STEADY_MS
    this.#crashes = isSteady ? 1 : this.#crashes + 1
    const pauseMs =
      this.#crashes === 1 ? 0 : Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#crashes - 2))
    const cause = signal ?? `exit code ${code ?? 1}`
    console.error(`sallyport: the gateway ended by ${cause}; starting it again in ${pauseMs} ms`)
    this.#pause = setTimeout(() => this.#spawn(cause), pauseMs)
  }
}
