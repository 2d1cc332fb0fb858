import { Server as NetServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Core } from '../../gateway/core.ts'
import type { SecuredSocket } from '../openssl/secured-socket.ts'
import type { TlsContextSource } from '../tls/context.ts'
import { Addresses } from '../exchange/addresses.ts'
import { Admission, hasAddress } from '../exchange/admission.ts'
import type { SharedSeats } from '../exchange/admission.ts'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import { serveFastHttp2 } from '../fast-h2/h2-session.ts'
import { serveHttp2 } from '../http2/http2.ts'
import type { Http2Monitor, OpenSession } from '../http2/session-guard.ts'
import type { EdgeLimits } from '../exchange/limits.ts'
import { EDGE_LIMITS } from '../exchange/limits.ts'
import { wholeSender } from '../exchange/send-whole.ts'
import { Sweeper } from '../exchange/sweeper.ts'
import type { Http1Side, Transport } from '../exchange/transport.ts'
import { ProxyGate } from '../proxy/gate.ts'
import { FAST_TRANSPORT } from '../fast/fast-transport.ts'
import { NODE_TRANSPORT } from '../node/node-transport.ts'
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
  /** How HTTP is spoken with clients, and HTTP/1.1 with upstreams. Default: `fast`. */
  readonly transport?: 'node' | 'fast'
  /** Peers whose connections are not counted per address. */
  readonly isTrustedPeer?: (address: string) => boolean
  /** Trusted peers write a PROXY header before the first byte of each connection. */
  readonly proxyProtocol?: boolean
  /** One of them wrote none, or a wrong one. */
  readonly onProxyFault?: ((fault: string, peerAddress: string) => void) | undefined
  /** A handshake failed; OpenSSL's or Node's code. */
  readonly onTlsError?: (code: string, peerAddress: string) => void
  /** Is told of the floods and faults of HTTP/2 clients. */
  readonly http2Monitor?: Http2Monitor | undefined
  /** Connections were opened or closed. */
  readonly onConnections?: (delta: 1 | -1) => void
  /** An origin of an upstream is left alone, comes back, falls ill or gets well. */
  readonly onUpstream?: (notice: UpstreamNotice) => void
  /** Other listeners may share the port; the kernel spreads connections over them. Default: false. */
  readonly reusePort?: boolean
  /** Seats that the listeners of one port share. */
  readonly seats?: SharedSeats
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
  /**
   * Takes no new connection, lets what runs end within `graceMs`, then ends the rest. Connections without a request
   * are closed at once, or after `lingerMs`, so that a request that is on its way is answered.
   */
  close(graceMs: number, lingerMs?: number): Promise<void>
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
  const transport = TRANSPORTS[options.transport ?? 'fast']
  const upstreams = new Upstreams(
    { open: transport.openPool, onNotice: options.onUpstream },
    core.upstreams,
  )
  const isTrusted = options.isTrustedPeer ?? (() => false)
  const gate = openGate(options, isTrusted, limits)
  const namedPeer = (socket: Socket) => gate?.peerOf(socket)
  const addresses = new Addresses(isTrusted, namedPeer)
  const taken = { inFlight: 0, heldBytes: 0 }
  const context: EdgeContext = { core, limits, sweeper, upstreams, addresses, ...taken }
  const http1 = transport.openHttp1(context, options.kind)
  const detach = core.attachSender?.(wholeSender(context))
  const sessions = new Set<OpenSession>()
  const admission = new Admission({
    limits,
    isTrusted,
    isTls: options.kind === 'https',
    onChange: options.onConnections,
    seats: options.seats,
    namedPeer,
  })
  const { server, stopTls } = openServer(options, { context, http1, sessions })
  server.prependListener('connection', (socket: Socket) => admission.admit(socket))
  gate?.guard(server)
  try {
    await listen(server, options)
  } catch (error) {
    stopTls()
    detach?.()
    sweeper.stop()
    throw error
  }
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => admission.size,
    inFlight: () => context.inFlight,
    close: (graceMs, lingerMs = 0) => {
      stopTls()
      detach?.()
      return closeParts({ server, http1, sessions, admission, context }, graceMs, lingerMs)
    },
  }
}

function openGate(
  { proxyProtocol = false, onProxyFault: onFault }: ListenerOptions,
  isTrusted: (address: string) => boolean,
  { handshakeMs: headerMs }: EdgeLimits,
): ProxyGate | undefined {
  return proxyProtocol ? new ProxyGate({ isTrusted, headerMs, onFault }) : undefined
}

interface ClosingParts {
  readonly server: Server
  readonly http1: Http1Side
  readonly sessions: ReadonlySet<OpenSession>
  readonly admission: Admission
  readonly context: EdgeContext
}

async function closeParts(parts: ClosingParts, graceMs: number, lingerMs: number): Promise<void> {
  const { server, http1, sessions, admission, context } = parts
  http1.beginClosing()
  // `close` of an HTTP server would end connections that wait for their next request.
  const closed = new Promise<void>((resolve) =>
    NetServer.prototype.close.call(server, () => resolve()),
  )
  for (const session of sessions) session.end()
  const timer = setTimeout(() => {
    for (const session of sessions) session.break()
    http1.closeAll()
    admission.destroyAll()
  }, graceMs)
  let idle: NodeJS.Timeout | undefined
  const linger = setTimeout(() => {
    http1.closeIdle()
    idle = setInterval(() => http1.closeIdle(), 100)
  }, lingerMs)
  await closed
  server.close(() => undefined)
  clearTimeout(timer)
  clearTimeout(linger)
  clearInterval(idle)
  context.sweeper.stop()
  await context.upstreams.destroy()
}

function listen(
  server: Server,
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
  readonly server: Server
  readonly stopTls: () => void
}

/** What speaks on the connections of a listener. */
interface Speakers {
  readonly context: EdgeContext
  readonly http1: Http1Side
  readonly sessions: Set<OpenSession>
}

const TRANSPORTS: Readonly<Record<'node' | 'fast', Transport>> = {
  node: NODE_TRANSPORT,
  fast: FAST_TRANSPORT,
}

/** HTTP/2 with clients. */
const SERVE_HTTP2: Readonly<Record<'node' | 'fast', typeof serveHttp2>> = {
  node: serveHttp2,
  fast: serveFastHttp2,
}

function openServer(options: ListenerOptions, speakers: Speakers): OpenServer {
  if (options.kind === 'http') return { server: speakers.http1.createServer(), stopTls: () => {} }
  if (options.tls === undefined) throw new TypeError('an https listener needs tls')
  return openTlsServer(options, options.tls, speakers)
}

function openTlsServer(
  options: ListenerOptions,
  tls: TlsContextSource,
  { context, http1, sessions }: Speakers,
): OpenServer {
  const server = http1.createTlsServer({
    secure: tls.options,
    protocols: ['h2', 'http/1.1'],
    handshakeMs: context.limits.handshakeMs,
    ticketKeys: options.ticketKeys?.current,
    isGated: options.proxyProtocol === true,
  })
  const serveH2 = SERVE_HTTP2[options.transport ?? 'fast']
  server.on('secureConnection', (socket: SecuredSocket) => {
    if (!hasAddress(socket)) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, context.addresses)
    if (socket.alpnProtocol === 'h2')
      serveH2(socket, connection, { context, sessions, monitor: options.http2Monitor })
    else http1.serve(socket, connection)
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const peerAddress = context.addresses.namedPeer(socket)?.address ?? socket.remoteAddress ?? ''
    options.onTlsError?.(error.code ?? error.name, peerAddress)
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
