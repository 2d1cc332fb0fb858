import { isIP } from 'node:net'
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

/** One origin with its connections, through undici. */
export class UndiciPool implements UpstreamPool, UndiciOrigin {
  readonly pool: Pool
  readonly origin: string
  readonly servername: string
  /** Errors of connections that had served before: the upstream closed an idle connection while we wrote on it. */
  readonly #staleErrors = new WeakSet<Error>()

  constructor(target: UpstreamTarget) {
    this.origin = target.origin
    this.servername = new URL(target.origin).hostname.replaceAll(/^\[|\]$/g, '')
    this.pool = new Pool(target.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: HEAD_BYTES,
      // Deadlines are the sweeper's: undici's would not count the wait for a connection.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: this.#connector(target),
    })
  }

  call(plan: CallPlan): UpstreamCall {
    return new UndiciCall(this, plan)
  }

  close(): Promise<void> {
    return this.pool.close()
  }

  destroy(): Promise<void> {
    return this.pool.destroy()
  }

  isStale(error: Error): boolean {
    return this.#staleErrors.has(error)
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
        if (result[0] === null) this.#watchForStaleness(result[1])
        callback(...result)
      })
    }
  }

  #watchForStaleness(socket: NonNullable<buildConnector.CallbackArgs[1]>): void {
    const atStart = socket.bytesRead
    socket.on('error', (error) => {
      if (socket.bytesRead > atStart) this.#staleErrors.add(error)
    })
  }
}
