import type { FailureCause, HealthCheck } from '../../gateway/core.ts'
import type { CallEvents, UpstreamCall } from '../exchange/upstream-port.ts'
import type { Origin } from './origin.ts'

/** Checks in a row that turn an origin's state. */
const FAILURES_TO_FALL = 3
const SUCCESSES_TO_RISE = 2

/** Requests had every connection: callers who fill them all must not have the origin called ill. */
const NOT_ASKED = 'no connection was free'

const OVER = new Error('the health check is over')

/** Asks an origin at intervals whether it is well, over the connections that requests use. */
export class HealthWatch {
  readonly #origin: Origin
  readonly #check: HealthCheck
  readonly #onChange: (isUp: boolean, detail: string) => void
  readonly #timer: NodeJS.Timeout
  #running: Probe | undefined = undefined
  #failures = 0
  #successes = 0

  constructor(
    origin: Origin,
    check: HealthCheck,
    onChange: (isUp: boolean, detail: string) => void,
  ) {
    this.#origin = origin
    this.#check = check
    this.#onChange = onChange
    this.#timer = setInterval(() => this.#ask(), check.everyMs)
    this.#timer.unref()
    this.#ask()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#running?.cancel()
    this.#running = undefined
  }

  #ask(): void {
    if (this.#running !== undefined) return
    this.#running = new Probe(this.#origin, this.#check, (fault) => {
      this.#running = undefined
      if (fault !== NOT_ASKED) this.#note(fault)
    })
    this.#running.start()
  }

  #note(fault: string | undefined): void {
    const origin = this.#origin
    this.#failures = fault === undefined ? 0 : this.#failures + 1
    this.#successes = fault === undefined ? this.#successes + 1 : 0
    if (origin.isUp && this.#failures >= FAILURES_TO_FALL) {
      origin.isUp = false
      this.#onChange(false, fault ?? '')
    } else if (!origin.isUp && this.#successes >= SUCCESSES_TO_RISE) {
      origin.isUp = true
      this.#onChange(true, '')
    }
  }
}

/** One request of a health check: any 2xx or 3xx within the time is well. */
class Probe implements CallEvents {
  readonly #done: (fault: string | undefined) => void
  readonly #call: UpstreamCall
  readonly #timer: NodeJS.Timeout
  #isOver = false

  constructor(origin: Origin, check: HealthCheck, done: (fault: string | undefined) => void) {
    this.#done = done
    const request = {
      upstream: '',
      method: 'GET',
      path: check.path,
      headers: ['host', origin.host, 'user-agent', 'sallyport-health'],
      firstByteMs: check.timeoutMs,
    }
    this.#call = origin.pool.call({
      request,
      body: undefined,
      streamedBytes: undefined,
      upgrade: undefined,
      events: this,
    })
    this.#timer = setTimeout(
      () => this.#finish(`no answer in ${check.timeoutMs} ms`),
      check.timeoutMs,
    )
    this.#timer.unref()
  }

  start(): void {
    this.#call.start()
  }

  cancel(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#call.abort(OVER)
  }

  upstreamHead(status: number): void {
    const isWell = status >= 200 && status < 400
    // The rest of the answer says nothing more; a long one would only hold the connection.
    if (!isWell) this.#finish(`status ${status}`)
  }

  upstreamData(): void {}

  upstreamEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#done(undefined)
  }

  upstreamError(cause: FailureCause, detail: string): void {
    this.#finish(cause === 'overloaded' ? NOT_ASKED : `${cause}: ${detail}`)
  }

  upstreamUpgrade(_rawHeaders: readonly string[], socket: { destroy(): void }): void {
    socket.destroy()
    this.#finish('a switch of protocols')
  }

  #finish(fault: string): void {
    if (this.#isOver) return
    this.cancel()
    this.#done(fault)
  }
}
