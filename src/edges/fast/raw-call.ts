import type { Socket } from 'node:net'
import type { FailureCause } from '../../gateway/core.ts'
import type { CallEvents, CallPlan, UpstreamCall } from '../exchange/upstream-port.ts'
import { mayResend } from '../exchange/upstream-port.ts'
import type { ConnectionUser, Loss, RawConnection } from './raw-connection.ts'
import { upstreamHead } from './upstream-head.ts'

/** Where a call gets its connection. */
export interface CallHome {
  /** Gives it a connection, or lets it fail; both later. */
  enter(call: RawCall): void
  /** It does not wait any more. */
  withdraw(call: RawCall): void
}

/** One request to an upstream and its answer. */
export class RawCall implements UpstreamCall, ConnectionUser {
  readonly plan: CallPlan
  head = ''
  isOver = false
  /** Of the pool: since when it waits for a connection, monotonic. */
  queuedAtMs = 0
  /** A connection that was idle has failed it; the others may be as old. */
  needsNewConnection = false
  readonly #home: CallHome
  readonly #events: CallEvents
  #connection: RawConnection | undefined = undefined
  #mayRetry: boolean

  constructor(home: CallHome, plan: CallPlan) {
    this.#home = home
    this.plan = plan
    this.#events = plan.events
    const { method } = plan.request
    // RFC 9110 section 9.2.2: an idempotent request may be sent again when the connection broke before the answer.
    this.#mayRetry =
      (method === 'GET' || method === 'HEAD') &&
      plan.body === undefined &&
      plan.upgrade === undefined
  }

  start(): void {
    try {
      this.head = upstreamHead(this.plan)
    } catch (error) {
      queueMicrotask(() => this.fail('defect', String(error)))
      return
    }
    this.#home.enter(this)
  }

  /** The connection it goes out on. */
  runOn(connection: RawConnection): void {
    this.#connection = connection
  }

  abort(): void {
    if (this.isOver) return
    this.isOver = true
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) this.#home.withdraw(this)
    else connection.leave()
  }

  pause(): void {
    this.#connection?.pause()
  }

  resume(): void {
    this.#connection?.resume()
  }

  /** Ends it; not from within `start`. `isUnanswered`: no byte of an answer came. */
  fail(cause: FailureCause, detail: string, isUnanswered = true): void {
    if (this.isOver) return
    this.isOver = true
    this.#connection = undefined
    try {
      this.#events.upstreamError(cause, detail, isUnanswered)
    } catch {
      // Its owner fails at hearing of a failure: there is nobody left to tell.
    }
  }

  answerHead(status: number, rawHeaders: readonly string[]): void {
    if (this.isOver) return
    try {
      this.#events.upstreamHead(status, rawHeaders)
    } catch (error) {
      this.#defect(error)
    }
  }

  answerData(chunk: Buffer): boolean {
    if (this.isOver) return true
    try {
      return this.#events.upstreamData(chunk) === true
    } catch (error) {
      this.#defect(error)
      return false
    }
  }

  answerEnd(trailers: readonly string[] | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.#connection = undefined
    try {
      this.#events.upstreamEnd(trailers)
    } catch {
      // The answer was handed over whole; what its owner did with it is over too.
    }
  }

  answerSwitch(rawHeaders: readonly string[], socket: Socket): void {
    this.#connection = undefined
    if (this.isOver) {
      socket.destroy()
      return
    }
    this.isOver = true
    try {
      this.#events.upstreamUpgrade(rawHeaders, socket)
    } catch {
      socket.destroy()
    }
  }

  connectionLost({ cause, detail, isUnanswered, isStale }: Loss): void {
    if (this.isOver) return
    this.#connection = undefined
    if (!isStale || !this.#mayRetry || !mayResend(this.#events)) {
      this.fail(cause, detail, isUnanswered)
      return
    }
    this.#mayRetry = false
    this.needsNewConnection = true
    this.#home.enter(this)
  }

  /** Its owner threw: the rest of the answer has nobody who could take it. */
  #defect(error: unknown): void {
    const connection = this.#connection
    this.fail('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
    connection?.leave()
  }
}
