import type { IncomingMessage, Server, ServerOptions } from 'node:http'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { HeaderTable } from '../../http/header-table.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import { ExchangeDriver } from '../exchange/exchange-driver.ts'
import { Http1Client } from './http1-client.ts'
import { answerRaw } from '../exchange/raw-answer.ts'
import { Tunnel } from '../exchange/tunnel.ts'
import { WireGuard } from './wire-guard.ts'

/** What the HTTP/1.1 side of a listener is made of. */
export interface Http1Edge {
  readonly context: EdgeContext
  readonly kind: 'https' | 'http'
  readonly connections: WeakMap<Duplex, Connection>
  readonly guards: WeakMap<Duplex, WireGuard>
  isClosing: boolean
}

/** What Node may still refuse of what the guard let pass, and what that is called outside. */
const PARSE_STATUS: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/** Chunk extensions of a request together, and its trailer section; nobody reads them. */
const CHUNK_EXTRA_BYTES = 16_384

/** Node's settings behind [WIRE-01..04, 11]; the parser is never lenient. */
export function http1Options({ context: { limits }, guards }: Http1Edge): ServerOptions {
  return {
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headersMs,
    // Bodies have timers of their own: a long upload that moves is honest.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    keepAliveTimeoutBuffer: 0,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    insecureHTTPParser: false,
    // The core refuses a missing Host with its own answer and record.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    noDelay: true,
    // Anything else that says `Upgrade` is an ordinary request.
    shouldUpgradeCallback: (req) => guards.get(req.socket)?.isTunnel === true,
  }
}

/** Wires a server's events to exchanges. */
export function serveHttp1(server: Server, edge: Http1Edge): void {
  // Fields are counted by the core: Node would drop what is over its own count in silence.
  server.maxHeadersCount = 0
  // Counted here: Node announces the close after its own count, then waits for the idle time.
  server.maxRequestsPerSocket = 0
  server.timeout = 0
  server.on('request', (req: IncomingMessage, res: ServerResponse) =>
    onRequest(edge, req, res, false),
  )
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) =>
    onRequest(edge, req, res, true),
  )
  // What an unknown `Expect` means is the core's to say; nothing is promised to the client here.
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) =>
    onRequest(edge, req, res, true),
  )
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    onUpgrade(edge, req, socket, head),
  )
  server.on('connect', (_req: IncomingMessage, socket: Duplex) =>
    refuse(edge, socket, 501, 'CONNECT'),
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
    onClientError(edge, error, socket),
  )
}

/** Reads what comes on a socket before Node does; called right after Node began to listen. */
export function guardSocket(edge: Http1Edge, socket: Socket): void {
  const { headBytes } = edge.context.limits
  const guard = new WireGuard(socket, {
    rules: { maxHeadBytes: headBytes, maxChunkExtraBytes: CHUNK_EXTRA_BYTES, copiesBody: false },
    onFault: (status, detail) => refuse(edge, socket, status, detail),
  })
  edge.guards.set(socket, guard)
}

/** Whether the guard and Node read the same head; if not, nobody knows which of the two the API would read. */
function agrees(edge: Http1Edge, req: IncomingMessage, isTunnel: boolean): boolean {
  const { method = '', url = '', rawHeaders } = req
  const guard = edge.guards.get(req.socket)
  return guard?.agrees({ method, target: url, rawHeaders }, isTunnel) === true
}

function onRequest(
  edge: Http1Edge,
  req: IncomingMessage,
  res: ServerResponse,
  expectsContinue: boolean,
): void {
  const connection = connectionOf(edge, req.socket)
  const { requestsPerConnection } = edge.context.limits
  const isAgreed = agrees(edge, req, false)
  connection.requests++
  if (connection.isLast || connection.requests > requestsPerConnection) return
  if (!isAgreed) {
    refuse(edge, req.socket, 400, 'PARSERS_DISAGREE')
    return
  }
  if (req.httpVersionMajor !== 1) {
    refuse(edge, req.socket, 505, 'HTTP/0.9')
    return
  }
  const head = requestHead(edge, req, connection)
  const length = head.headers.get('content-length')
  const client = new Http1Client(req, res, {
    connection,
    edge,
    hasBody: head.hasBody,
    bodyLength: length === undefined ? undefined : Number(length),
    expectsContinue,
    isLast: connection.requests === requestsPerConnection,
  })
  const ports = { client, connection, upgrade: undefined }
  new ExchangeDriver(edge.context, ports).start(head)
}

function onUpgrade(edge: Http1Edge, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const connection = connectionOf(edge, req.socket)
  // Pipelining behind other requests, their answers would mix with the tunnel's bytes.
  if (connection.isLast || connection.isBusy || !agrees(edge, req, true)) {
    socket.destroy()
    return
  }
  const { writeStallMs, tunnelIdleMs } = edge.context.limits
  // The server has let go of this socket: errors and stalls are nobody's but ours.
  req.socket.on('error', () => req.socket.destroy())
  req.socket.setTimeout(writeStallMs, () => req.socket.destroy())
  const res = new ServerResponse(req)
  res.assignSocket(req.socket)
  res.shouldKeepAlive = false
  res.on('finish', () => req.socket.destroySoon())
  const client = new Http1Client(req, res, {
    connection,
    edge,
    hasBody: false,
    bodyLength: undefined,
    expectsContinue: false,
    isLast: true,
  })
  const upgrade = new Tunnel(req.socket, {
    head,
    idleMs: tunnelIdleMs,
    release: () => res.detachSocket(req.socket),
  })
  const ports = { client, connection, upgrade }
  new ExchangeDriver(edge.context, ports).start(requestHead(edge, req, connection))
}

function requestHead(edge: Http1Edge, req: IncomingMessage, connection: Connection): RequestHead {
  const headers = new HeaderTable(req.rawHeaders)
  const length = headers.get('content-length')
  return {
    method: req.method ?? '',
    rawTarget: req.url ?? '',
    httpVersion: req.httpVersion,
    headers,
    authority: undefined,
    peerAddress: connection.peerAddress,
    relayAddress: connection.relayAddress,
    peerPort: connection.peerPort,
    listener: edge.kind,
    tls: connection.tls,
    hasBody: (length !== undefined && length !== '0') || headers.has('transfer-encoding'),
  }
}

function onClientError(edge: Http1Edge, error: NodeJS.ErrnoException, socket: Duplex): void {
  const connection = edge.connections.get(socket)
  if (
    connection === undefined ||
    error.code === 'ECONNRESET' ||
    error.code === 'EPIPE' ||
    !socket.writable
  ) {
    socket.destroy(error)
    return
  }
  const { code = error.name } = error
  refuse(edge, socket, PARSE_STATUS.get(code) ?? 400, code)
}

/** Answers what never became an exchange, once per connection, and closes it. */
function refuse(edge: Http1Edge, socket: Duplex, status: number, detail: string): void {
  const connection = edge.connections.get(socket)
  edge.guards.get(socket)?.stop()
  if (connection === undefined) {
    socket.destroy()
    return
  }
  const { core, limits } = edge.context
  const peer = { address: connection.peerAddress, port: connection.peerPort }
  const answer = connection.giveUp((begun) => core.refuseUnparsed(peer, status, detail, begun))
  if (answer === 'broken') socket.destroy()
  // The parser reports the same fault again for every further piece: the first made it the last answer.
  if (typeof answer === 'string') return
  connection.isLast = true
  answerRaw(connection.socket, answer, limits.drainMs)
}

function connectionOf(edge: Http1Edge, socket: Socket): Connection {
  const known = edge.connections.get(socket)
  if (known !== undefined) return known
  const connection = new Connection(socket, edge.context.addresses)
  edge.connections.set(socket, connection)
  return connection
}
