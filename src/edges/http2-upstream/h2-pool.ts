import type { UpstreamTarget } from '../../gateway/core.ts'
import type { CallPlan, UpstreamCall, UpstreamPool } from '../exchange/upstream-port.ts'
import type { H2CallHome } from './h2-call.ts'
import { H2Call } from './h2-call.ts'
import type { LineHome } from './h2-line.ts'
import { H2Line, MAX_STREAMS } from './h2-line.ts'

/** Connections to one origin; each carries up to 100 streams. */
const MAX_LINES = 8
/** Calls that wait for a stream; more are refused. */
const MAX_WAITING = 1_000

/** The HTTP/2 connections to one origin. Calls wait for a free stream; their deadlines are their owners'. */
export class H2Pool implements UpstreamPool, LineHome, H2CallHome {
  readonly #target: UpstreamTarget
  readonly #lines = new Set<H2Line>()
  /** Calls without a stream, oldest first. */
  readonly #waiting = new Set<H2Call>()
  #isClosed = false
  #onEmpty: (() => void)[] = []

  constructor(target: UpstreamTarget) {
    this.#target = target
  }

  /** Connections there are, those on their way included. */
  get connections(): number {
    return this.#lines.size
  }

  call(plan: CallPlan): UpstreamCall {
    return new H2Call(this, plan)
  }

  close(): Promise<void> {
    this.#isClosed = true
    if (this.#waiting.size === 0) for (const line of this.#lines) line.drain()
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve)
      this.#settle()
    })
  }

  destroy(): Promise<void> {
    this.#isClosed = true
    this.#failWaiting(Object.assign(new Error('the pool is closed'), { code: 'UND_ERR_DESTROYED' }))
    for (const line of this.#lines) line.destroy()
    return this.close()
  }

  enter(call: H2Call): void {
    if (this.#isClosed || this.#waiting.size >= MAX_WAITING) {
      queueMicrotask(() => call.refuse('overloaded', `${this.#waiting.size} calls wait`))
      return
    }
    const line = this.#roomiest()
    if (line !== undefined) return call.runOn(line)
    this.#waiting.add(call)
    this.#openLine()
  }

  withdraw(call: H2Call): void {
    this.#waiting.delete(call)
    this.#settle()
  }

  lineOpen(): void {
    this.#serve()
  }

  lineRoomy(): void {
    this.#serve()
  }

  lineDraining(): void {
    if (this.#waiting.size > 0) this.#openLine()
  }

  lineGone(line: H2Line, error: Error | undefined): void {
    this.#lines.delete(line)
    const hasOther = [...this.#lines].some(({ isOpen }) => isOpen)
    // What could not be reached just now is not tried again for those who waited for it.
    if (error !== undefined && !hasOther) this.#failWaiting(error)
    else if (this.#waiting.size > 0) this.#openLine()
    this.#settle()
  }

  /** The line with the least to do, so that a broken one breaks little. */
  #roomiest(): H2Line | undefined {
    let best: H2Line | undefined
    let most = 0
    for (const line of this.#lines) {
      const { room } = line
      if (room > most) {
        best = line
        most = room
      }
    }
    return best
  }

  #serve(): void {
    for (const call of this.#waiting) {
      const line = this.#roomiest()
      if (line === undefined) return this.#openLine()
      this.#waiting.delete(call)
      call.runOn(line)
    }
    if (this.#isClosed) for (const line of this.#lines) line.drain()
  }

  /** One more line, if those on their way are not enough for the calls that wait. */
  #openLine(): void {
    const coming = [...this.#lines].filter((line) => line.isConnecting).length
    if (this.#lines.size >= MAX_LINES || this.#waiting.size <= coming * MAX_STREAMS) return
    try {
      this.#lines.add(new H2Line(this, this.#target))
    } catch (error) {
      // An authority or a certificate that OpenSSL cannot read.
      const cause = error instanceof Error ? error : new Error(String(error))
      queueMicrotask(() => this.#failWaiting(cause))
    }
  }

  #failWaiting(error: Error): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const call of waiting) call.unreachable(error)
  }

  #settle(): void {
    if (this.#onEmpty.length === 0 || this.#lines.size > 0 || this.#waiting.size > 0) return
    for (const resolve of this.#onEmpty.splice(0)) resolve()
  }
}
