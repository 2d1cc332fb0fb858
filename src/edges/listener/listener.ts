import { createServer as createHttpServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Core } from '../../gateway/core.ts'
import type { TlsContextSource } from '../tls/context.ts'
import { Admission } from '../exchange/admission.ts'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import type { Http1Edge } from '../node/http1.ts'
import { http1Options, serveHttp1 } from '../node/http1.ts'
import { breakSession, serveHttp2 } from '../http2/http2.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import { EDGE_LIMITS } from '../exchange/limits.ts'
import { Sweeper } from '../exchange/sweeper.ts'
import { UndiciPool } from '../node/undici-pool.ts'
import type { UpstreamNotice } from '../upstream/origin.ts'
import { Upstreams } from '../upstream/upstreams.ts'

/** How a listener is started. */
export interface ListenerOptions {
  readonly core: Core
  /** 0: a free one. */
  readonly port: number
  readonly address: string
  readonly kind: 'https' | 'http'
  /** Needed for `https`. */
  readonly tls?: TlsContextSource
  readonly limits?: Partial<EdgeLimits>
  /** Peers whose connections are not counted per address. */
  readonly isTrustedPeer?: (address: string) => boolean
  /** A handshake failed; OpenSSL's or Node's code. */
  readonly onTlsError?: (code: string, peerAddress: string) => void
  /** An origin of an upstream is left alone, comes back, falls ill or gets well. */
  readonly onUpstream?: (notice: UpstreamNotice) => void
  /** Other listeners may share the port; the kernel spreads connections over them. Default: false. */
  readonly reusePort?: boolean
  /** Keys of session tickets that listeners of one port share; its own unless said. */
  readonly ticketKeys?: TicketKeySource
}

/** Ticket keys that are changed elsewhere, so that every listener resumes what another one began. */
export interface TicketKeySource {
  /** 48 bytes. */
  readonly current: Buffer
  /** Calls back with new keys. @returns how to stop that. */
  subscribe(listener: (keys: Buffer) => void): () => void
}

/** A listener that serves. */
export interface Listener {
  readonly port: number
  /** Open connections, for metrics. */
  readonly connections: () => number
  /** Requests that wait for their answer to begin. */
  readonly inFlight: () => number
  /** Takes no new connection, lets what runs end within `graceMs`, then ends the rest. */
  close(graceMs: number): Promise<void>
}

/** Session tickets outlive no more than twice this [TRN-07: at most 24 h]. */
export const TICKET_KEYS_MS: number = 12 * 3_600_000

/**
 * Serves the core on one port: HTTP/1.1, and over TLS also HTTP/2 by ALPN.
 * @throws the error of `listen`, such as `EADDRINUSE`.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const limits: EdgeLimits = { ...EDGE_LIMITS, ...options.limits }
  const { core } = options
  const sweeper = new Sweeper(limits.sweepMs)
  const upstreams = new Upstreams(
    { open: (target) => new UndiciPool(target), onNotice: options.onUpstream },
    core.upstreams,
  )
  const context: EdgeContext = { core, limits, sweeper, upstreams, inFlight: 0 }
  const edge: Http1Edge = {
    context,
    kind: options.kind,
    connections: new WeakMap(),
    isClosing: false,
  }
  const sessions = new Set<ServerHttp2Session>()
  const admission = new Admission(limits, options.isTrustedPeer ?? (() => false))
  const { server, stopTls } = openServer(options, edge, sessions)
  server.prependListener('connection', (socket: Socket) => admission.admit(socket))
  serveHttp1(server, edge)
  try {
    await listen(server, options)
  } catch (error) {
    stopTls()
    sweeper.stop()
    throw error
  }
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => admission.size,
    inFlight: () => context.inFlight,
    close: async (graceMs) => {
      edge.isClosing = true
      stopTls()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      const timer = setTimeout(() => {
        for (const session of sessions) breakSession(session)
        server.closeAllConnections()
        admission.destroyAll()
      }, graceMs)
      const idle = setInterval(() => server.closeIdleConnections(), 100)
      await closed
      clearTimeout(timer)
      clearInterval(idle)
      sweeper.stop()
      await upstreams.destroy()
    },
  }
}

function listen(
  server: HttpServer | HttpsServer,
  { port, address, reusePort = false }: ListenerOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: address, reusePort }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

interface OpenServer {
  readonly server: HttpServer | HttpsServer
  readonly stopTls: () => void
}

function openServer(
  options: ListenerOptions,
  edge: Http1Edge,
  sessions: Set<ServerHttp2Session>,
): OpenServer {
  if (options.kind === 'http') {
    const server = createHttpServer(http1Options(edge.context.limits))
    server.on('connection', (socket: Socket) =>
      edge.connections.set(socket, new Connection(socket)),
    )
    return { server, stopTls: () => {} }
  }
  if (options.tls === undefined) throw new TypeError('an https listener needs tls')
  return openTlsServer(options, options.tls, { edge, sessions })
}

function openTlsServer(
  options: ListenerOptions,
  tls: TlsContextSource,
  { edge, sessions }: { readonly edge: Http1Edge; readonly sessions: Set<ServerHttp2Session> },
): OpenServer {
  const server = createHttpsServer({
    ...http1Options(edge.context.limits),
    ...tls.options,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: edge.context.limits.handshakeMs,
    ...(options.ticketKeys === undefined ? {} : { ticketKeys: options.ticketKeys.current }),
  })
  // Node's own listener starts HTTP/1.1 on every connection; it gets those that chose it.
  const [serveAsHttp1, ...others] = server.listeners('secureConnection')
  if (serveAsHttp1 === undefined || others.length > 0)
    throw new Error('unexpected listeners of https.Server')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    const connection = new Connection(socket)
    edge.connections.set(socket, connection)
    if (socket.alpnProtocol === 'h2')
      serveHttp2(socket, connection, { context: edge.context, sessions })
    else serveAsHttp1.call(server, socket)
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    options.onTlsError?.(error.code ?? error.name, socket.remoteAddress ?? '')
  })
  const unsubscribe = tls.subscribe((changed) => server.setSecureContext(changed))
  const stopTickets = renewTickets(options, (keys) => server.setTicketKeys(keys))
  const stopTls = (): void => {
    unsubscribe()
    stopTickets()
  }
  return { server, stopTls }
}

function renewTickets({ ticketKeys }: ListenerOptions, renew: (keys: Buffer) => void): () => void {
  if (ticketKeys !== undefined) return ticketKeys.subscribe(renew)
  const timer = setInterval(() => renew(crypto.getRandomValues(Buffer.alloc(48))), TICKET_KEYS_MS)
  timer.unref()
  return () => clearInterval(timer)
}
