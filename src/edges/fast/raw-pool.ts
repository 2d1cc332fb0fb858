import type { UpstreamTarget } from '../../gateway/core.ts'
import { failureCause, failureDetail } from '../exchange/upstream-errors.ts'
import type { CallPlan, UpstreamCall, UpstreamPool } from '../exchange/upstream-port.ts'
import { atTurn } from '../kernel/poller.ts'
import type { CallHome } from './raw-call.ts'
import { RawCall } from './raw-call.ts'
import { RawConnector } from './raw-connect.ts'
import type { ConnectionHome } from './raw-connection.ts'
import { RawConnection } from './raw-connection.ts'

/** Bounds of the connections to one origin. Times in milliseconds. */
export interface PoolLimits {
  readonly connections: number
  /** Calls that wait for one of them; more are refused. */
  readonly queue: number
  readonly queueMs: number
  /** Shorter than the 5 s after which most servers close an idle connection, so that we close first. */
  readonly idleMs: number
  /** Sessions of TLS are resumed for so long; then the upstream shows its certificate again. */
  readonly sessionMs: number
  /**
   * No connection is used twice for so long after one on which the upstream said more than it was asked: where answers
   * are too many, one that comes late would be taken for the answer to the next request, of another client.
   */
  readonly waryMs: number
  /** How often times are looked at; every time is exact to this much. */
  readonly sweepMs: number
}

/** Defaults of CONTROLS RLM-06. */
export const POOL_LIMITS: PoolLimits = {
  connections: 100,
  queue: 100,
  queueMs: 1_000,
  idleMs: 4_000,
  sessionMs: 3_600_000,
  waryMs: 30_000,
  sweepMs: 100,
}

/** We close this much earlier than the upstream said it would. */
const KEEP_ALIVE_MARGIN_MS = 1_000

/**
 * The connections of the `fast` transport to one origin. Calls are written in the check phase of the event loop, and
 * connections become free there: what the upstream had sent before, unasked, has been read by then and has ended the
 * connection it came on, instead of becoming the answer to somebody else's request.
 */
export class RawPool implements UpstreamPool, CallHome, ConnectionHome {
  readonly #limits: PoolLimits
  readonly #connector: RawConnector
  readonly #connectMs: number
  readonly #connections = new Set<RawConnection>()
  /** The one that was used last is taken first. */
  #idle: RawConnection[] = []
  /** Came free in this turn of the event loop: not to be used before the next. */
  #resting: RawConnection[] = []
  /** Calls of this turn. */
  #entered: RawCall[] = []
  /** Calls that wait for a connection, oldest first. */
  readonly #queue: RawCall[] = []
  #hasTurn = false
  #isClosed = false
  #isDestroyed = false
  #timer: NodeJS.Timeout | undefined = undefined
  #nowMs = 0
  #waryUntilMs = 0
  #onEmpty: (() => void)[] = []

  constructor(target: UpstreamTarget, limits: Partial<PoolLimits> = {}) {
    this.#limits = { ...POOL_LIMITS, ...limits }
    this.#connector = new RawConnector(target, this.#limits.sessionMs)
    this.#connectMs = target.connectMs
  }

  /** Connections there are, idle ones and those on their way included. */
  get connections(): number {
    return this.#connections.size
  }

  /** Connections that wait for a call. */
  get idle(): number {
    return this.#idle.length + this.#resting.length
  }

  /** Calls that wait for a connection. */
  get waiting(): number {
    return this.#queue.length + this.#entered.length
  }

  call(plan: CallPlan): UpstreamCall {
    return new RawCall(this, plan)
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#endIdle()
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve)
      this.#settle()
    })
  }

  destroy(): Promise<void> {
    this.#isClosed = true
    this.#isDestroyed = true
    const waiting = [...this.#entered, ...this.#queue]
    this.#entered.length = 0
    this.#queue.length = 0
    for (const connection of this.#connections) connection.lose('overloaded', 'the pool is closed')
    for (const call of waiting) call.fail('overloaded', 'the pool is closed')
    return this.close()
  }

  // ---- calls ----

  enter(call: RawCall): void {
    // A call that had a connection may end while the pool is closing.
    if (this.#isDestroyed || (this.#isClosed && !call.needsNewConnection)) {
      queueMicrotask(() => call.fail('overloaded', 'the pool is closed'))
      return
    }
    this.#defer(call)
  }

  withdraw(call: RawCall): void {
    const index = this.#queue.indexOf(call)
    if (index >= 0) this.#queue.splice(index, 1)
    this.#settle()
  }

  // ---- connections ----

  connectionFree(connection: RawConnection): void {
    const isUnwanted = (this.#isClosed && this.waiting === 0) || this.#nowMs < this.#waryUntilMs
    if (isUnwanted || this.#idleLimitMs(connection) <= 0) {
      connection.end()
      return
    }
    connection.sinceMs = this.#nowMs
    this.#resting.push(connection)
    this.#takeTurn()
  }

  spokeUnasked(): void {
    this.#waryUntilMs = performance.now() + this.#limits.waryMs
    this.#endIdle()
  }

  connectionGone(connection: RawConnection): void {
    this.#connections.delete(connection)
    remove(this.#idle, connection)
    remove(this.#resting, connection)
    if (this.#queue.length > 0) this.#takeTurn()
    this.#settle()
  }

  #endIdle(): void {
    for (const connection of [...this.#idle, ...this.#resting]) connection.end()
  }

  // ---- the turn ----

  #defer(call: RawCall): void {
    this.#entered.push(call)
    this.#takeTurn()
  }

  #takeTurn(): void {
    if (this.#hasTurn) return
    this.#hasTurn = true
    atTurn(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#hasTurn = false
    this.#serveQueue()
    const calls = this.#entered
    this.#entered = []
    for (const call of calls) if (!call.isOver) this.#serve(call)
    if (this.#resting.length > 0) {
      for (const connection of this.#resting) this.#idle.push(connection)
      this.#resting.length = 0
      if (this.#queue.length > 0) this.#takeTurn()
    }
    if (this.#isClosed && this.waiting === 0) this.#endIdle()
    this.#settle()
  }

  #serve(call: RawCall): void {
    // The next turn comes sooner than any new connection.
    const isNext = this.#idle.length === 0 && this.#entered.length < this.#resting.length
    if (isNext && this.#queue.length === 0) this.#defer(call)
    else if (!this.#place(call)) this.#wait(call)
  }

  #serveQueue(): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      if (this.#place(call)) continue
      this.#queue.unshift(call)
      return
    }
  }

  /** @returns false when there is no connection for it. */
  #place(call: RawCall): boolean {
    if (call.needsNewConnection) return this.#open(call, true)
    const connection = this.#idle.pop()
    if (connection === undefined) return this.#open(call, false)
    call.runOn(connection)
    connection.send(call)
    return true
  }

  #open(call: RawCall, mayReplace: boolean): boolean {
    if (this.#connections.size >= this.#limits.connections) {
      const oldest = mayReplace ? this.#idle[0] : undefined
      if (oldest === undefined) return false
      oldest.end()
    }
    try {
      const connection = new RawConnection(this, this.#connector, call)
      this.#connections.add(connection)
      this.#watch()
      connection.sinceMs = performance.now()
      call.runOn(connection)
    } catch (error) {
      // An authority or a certificate that OpenSSL cannot read.
      const cause = error instanceof Error ? failureCause(error) : 'defect'
      call.fail(
        cause === 'upstream_protocol' ? 'upstream_tls' : cause,
        error instanceof Error ? failureDetail(error) : String(error),
      )
    }
    return true
  }

  #wait(call: RawCall): void {
    if (this.#queue.length >= this.#limits.queue) {
      call.fail('overloaded', `${this.#queue.length} calls wait for a connection`)
      return
    }
    call.queuedAtMs = performance.now()
    this.#queue.push(call)
  }

  // ---- times ----

  #watch(): void {
    if (this.#timer !== undefined) return
    this.#nowMs = performance.now()
    this.#timer = setInterval(this.#onSweep, this.#limits.sweepMs)
    this.#timer.unref()
  }

  readonly #onSweep = (): void => {
    const nowMs = performance.now()
    this.#nowMs = nowMs
    const late = this.#queue.findIndex((call) => nowMs - call.queuedAtMs < this.#limits.queueMs)
    const failed = this.#queue.splice(0, late < 0 ? this.#queue.length : late)
    for (const call of failed) call.fail('overloaded', 'no connection came free in time')
    for (const connection of this.#connections) {
      if (connection.isConnecting && nowMs - connection.sinceMs >= this.#connectMs)
        connection.lose('upstream_timeout', `no connection within ${this.#connectMs} ms`)
    }
    for (const connection of this.#idle.slice()) {
      if (nowMs - connection.sinceMs >= this.#idleLimitMs(connection)) connection.end()
    }
    this.#settle()
  }

  #idleLimitMs({ keepAliveMs }: RawConnection): number {
    const { idleMs } = this.#limits
    return keepAliveMs === undefined ? idleMs : Math.min(idleMs, keepAliveMs - KEEP_ALIVE_MARGIN_MS)
  }

  /** Ends the timer when nothing is left to watch, and tells those who wait for that. */
  #settle(): void {
    if (this.#connections.size > 0 || this.waiting > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    if (!this.#isClosed) return
    for (const resolve of this.#onEmpty.splice(0)) resolve()
  }
}

function remove(list: RawConnection[], connection: RawConnection): void {
  const index = list.indexOf(connection)
  if (index >= 0) list.splice(index, 1)
}
