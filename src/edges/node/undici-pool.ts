import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import { buildConnector, Pool } from 'undici'
import type { UpstreamTarget } from '../../gateway/core.ts'
import type { CallPlan, UpstreamCall, UpstreamPool } from '../exchange/upstream-port.ts'
import { UndiciCall } from './undici-call.ts'
import type { UndiciOrigin } from './undici-call.ts'

/** Connections to one upstream; further requests wait for one, within their first-byte time. */
const CONNECTIONS = 128
/** Shorter than the 5 s after which most servers close an idle connection, so that we close first. */
const IDLE_MS = 4_000
/** Largest response head taken from an upstream. */
const HEAD_BYTES = 32_768

/** As of the `fast` transport: see `PoolLimits.waryMs`. */
const WARY_MS = 30_000

/** One origin with its connections, through undici. */
export class UndiciPool implements UpstreamPool, UndiciOrigin {
  readonly origin: string
  readonly servername: string
  readonly #target: UpstreamTarget
  readonly #waryMs: number
  /** Errors of connections that had served before: the upstream closed an idle connection while we wrote on it. */
  readonly #staleErrors = new WeakSet<Error>()
  #pool: Pool
  /** Those that let end what runs. */
  readonly #retired = new Set<Pool>()
  #waryUntilMs = 0

  constructor(target: UpstreamTarget, { waryMs = WARY_MS }: { readonly waryMs?: number } = {}) {
    this.origin = target.origin
    this.servername = new URL(target.origin).hostname.replaceAll(/^\[|\]$/g, '')
    this.#target = target
    this.#waryMs = waryMs
    this.#pool = this.#open()
  }

  get pool(): Dispatcher {
    return this.#pool
  }

  get isWary(): boolean {
    return performance.now() < this.#waryUntilMs
  }

  call(plan: CallPlan): UpstreamCall {
    return new UndiciCall(this, plan)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool, ...this.#retired].map((pool) => pool.close()))
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#pool, ...this.#retired].map((pool) => pool.destroy()))
  }

  isStale(error: Error): boolean {
    return this.#staleErrors.has(error)
  }

  #open(): Pool {
    return new Pool(this.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: HEAD_BYTES,
      // Deadlines are the sweeper's: undici's would not count the wait for a connection.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: this.#connector(this.#target),
    })
  }

  /**
   * Connects to the configured name and no other. undici would take the server name from the `Host` header of the first
   * request, which may be the client's; the certificate must be checked against the configuration.
   */
  #connector(target: UpstreamTarget): buildConnector.connector {
    const hostname = this.servername
    const shown = target.clientCertificate
    const connect = buildConnector({
      timeout: target.connectMs,
      allowH2: false,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(target.ca === undefined ? {} : { ca: target.ca }),
      ...(shown === undefined ? {} : { cert: shown.cert, key: shown.key.reveal() }),
    })
    return ({ servername: _fromHeader, ...options }, callback) => {
      const named = isIP(hostname) === 0 ? { servername: hostname } : {}
      connect({ ...options, ...named }, (...result: buildConnector.CallbackArgs) => {
        // On failure undici gives no socket at all, whatever its type says.
        if (result[0] === null) this.#watch(result[1])
        callback(...result)
      })
    }
  }

  #watch(socket: NonNullable<buildConnector.CallbackArgs[1]>): void {
    const atStart = socket.bytesRead
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (socket.bytesRead > atStart) this.#staleErrors.add(error)
      if (isUnasked(error, socket.readableEnded)) this.#spokeUnasked()
    })
  }

  /** Idle connections may hold more of it: another pool takes over, and uses none twice for a while. */
  #spokeUnasked(): void {
    const wasWary = this.isWary
    this.#waryUntilMs = performance.now() + this.#waryMs
    const old = this.#pool
    if (wasWary || old.closed || old.destroyed) return
    this.#pool = this.#open()
    this.#retired.add(old)
    const forget = (): void => void this.#retired.delete(old)
    old.close().then(forget, forget)
  }
}

/**
 * Whether an upstream said something that no request waited for. undici ends such a connection with its general error of
 * sockets, which otherwise comes with the end of what the upstream sends; or with one of its parser, which may also be
 * about an answer: who speaks no HTTP is no more to be trusted.
 */
function isUnasked({ code = '' }: NodeJS.ErrnoException, hasEnded: boolean): boolean {
  return (code === 'UND_ERR_SOCKET' && !hasEnded) || code.startsWith('HPE_')
}
