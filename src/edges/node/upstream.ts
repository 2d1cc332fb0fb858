import { isIP } from 'node:net'
import { buildConnector, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { UpstreamTarget } from '../../gateway/core.ts'

/** Connections to one upstream; further requests wait for one, within their first-byte time. */
const CONNECTIONS = 128
/** Shorter than the 5 s after which most servers close an idle connection, so that we close first. */
const IDLE_MS = 4_000
/** Largest response head taken from an upstream. */
const HEAD_BYTES = 32_768

/** One upstream with its connections. */
export interface Upstream {
  readonly pool: Pool
  readonly origin: string
  /** Name for the pool's bookkeeping: constant, so that no header decides to which name a connection belongs. */
  readonly servername: string
}

/** Errors of connections that had served before: the upstream closed an idle connection while we wrote on it. */
const staleErrors = new WeakSet<Error>()

/** Whether the error broke a connection that had carried an answer before. */
export function isStaleConnection(error: Error): boolean {
  return staleErrors.has(error)
}

/** The pools behind the upstreams of a plan. */
export class Upstreams {
  #byName: ReadonlyMap<string, Upstream>
  #targets: ReadonlyMap<string, UpstreamTarget>

  constructor(targets: ReadonlyMap<string, UpstreamTarget>) {
    this.#targets = targets
    this.#byName = new Map([...targets].map(([name, target]) => [name, openUpstream(target)]))
  }

  get(name: string): Upstream | undefined {
    return this.#byName.get(name)
  }

  /** The targets these pools belong to; another map means that the plan was reloaded. */
  get targets(): ReadonlyMap<string, UpstreamTarget> {
    return this.#targets
  }

  /** Takes the targets of a new plan: keeps the pools that stay, opens new ones, closes the others when they are idle. */
  update(targets: ReadonlyMap<string, UpstreamTarget>): void {
    const before = this.#byName
    const kept = new Set<Upstream>()
    const next = new Map<string, Upstream>()
    for (const [name, target] of targets) {
      const old = before.get(name)
      const isSame = old !== undefined && sameTarget(this.#targets.get(name), target)
      if (isSame) kept.add(old)
      next.set(name, isSame ? old : openUpstream(target))
    }
    this.#byName = next
    this.#targets = targets
    for (const upstream of before.values()) {
      if (!kept.has(upstream)) void upstream.pool.close().catch(ignoreClosing)
    }
  }

  /** Ends every connection, also those in use. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((upstream) => upstream.pool.destroy()))
  }
}

/** A pool that is closed twice or destroyed while closing has nothing left to close. */
function ignoreClosing(): void {}

function sameTarget(a: UpstreamTarget | undefined, b: UpstreamTarget): boolean {
  return a?.origin === b.origin && a.connectMs === b.connectMs && a.ca === b.ca
}

function openUpstream(target: UpstreamTarget): Upstream {
  const hostname = new URL(target.origin).hostname.replaceAll(/^\[|\]$/g, '')
  const pool = new Pool(target.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxHeaderSize: HEAD_BYTES,
    // Deadlines are the sweeper's: undici's would not count the wait for a connection.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: connector(target, hostname),
  })
  return { pool, origin: target.origin, servername: hostname }
}

/**
 * Connects to the configured name and no other. undici would take the server name from the `Host` header of the first
 * request, which may be the client's; the certificate must be checked against the configuration.
 */
function connector(target: UpstreamTarget, hostname: string): buildConnector.connector {
  const connect = buildConnector({
    timeout: target.connectMs,
    allowH2: false,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
  })
  return ({ servername: _fromHeader, ...options }, callback) => {
    const named = isIP(hostname) === 0 ? { servername: hostname } : {}
    connect({ ...options, ...named }, (...result: buildConnector.CallbackArgs) => {
      // On failure undici gives no socket at all, whatever its type says.
      if (result[0] === null) watchForStaleness(result[1])
      callback(...result)
    })
  }
}

function watchForStaleness(socket: NonNullable<buildConnector.CallbackArgs[1]>): void {
  const atStart = socket.bytesRead
  socket.on('error', (error) => {
    if (socket.bytesRead > atStart) staleErrors.add(error)
  })
}

/** What undici's `dispatch` takes beyond its published type; `servername` pins the connection's name. */
export interface DispatchRequest extends Dispatcher.DispatchOptions {
  readonly servername: string
}
