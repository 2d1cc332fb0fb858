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
import type { EdgeLimits } from '../exchange/limits.ts'
import { answerRaw } from '../exchange/raw-answer.ts'
import { Tunnel } from '../exchange/tunnel.ts'

/** What the HTTP/1.1 side of a listener is made of. */
export interface Http1Edge {
  readonly context: EdgeContext
  readonly kind: 'https' | 'http'
  readonly connections: WeakMap<Duplex, Connection>
  isClosing: boolean
}

/** How Node refuses a message by itself, and what that is called outside. */
const PARSE_STATUS: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_PAUSED_H2_UPGRADE', 505],
])

/** A request line longer than this is not looked through for its version. */
const VERSION_SCAN_BYTES = 16_384

/** Node's settings behind [WIRE-01..04, 11]; the parser is never lenient. */
export function http1Options(limits: EdgeLimits): ServerOptions {
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
    shouldUpgradeCallback: isWebSocketRequest,
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

/** RFC 6455 section 4.1, as far as Node must know it: anything else that says `Upgrade` is an ordinary request. */
function isWebSocketRequest(req: IncomingMessage): boolean {
  return (
    req.method === 'GET' &&
    req.httpVersion === '1.1' &&
    req.headers.upgrade?.toLowerCase() === 'websocket' &&
    req.headers['content-length'] === undefined &&
    req.headers['transfer-encoding'] === undefined
  )
}

function onRequest(
  edge: Http1Edge,
  req: IncomingMessage,
  res: ServerResponse,
  expectsContinue: boolean,
): void {
  const connection = connectionOf(edge, req.socket)
  const { requestsPerConnection } = edge.context.limits
  connection.requests++
  if (connection.isLast || connection.requests > requestsPerConnection) return
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
  new ExchangeDriver(edge.context, { client, connection, upgrade: undefined }).start(head)
}

function onUpgrade(edge: Http1Edge, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const connection = connectionOf(edge, req.socket)
  // Pipelining behind other requests, their answers would mix with the tunnel's bytes.
  if (connection.isLast || connection.isBusy) {
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
  new ExchangeDriver(edge.context, { client, connection, upgrade }).start(
    requestHead(edge, req, connection),
  )
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
  refuse(edge, socket, parseStatus(error), error.code ?? error.name)
}

/** llhttp calls a line end that is not CRLF an invalid version too; only a version that can be read is not served. */
function parseStatus(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }): number {
  const { code = '', rawPacket } = error
  if (code === 'HPE_INVALID_VERSION') {
    const start = rawPacket?.subarray(0, VERSION_SCAN_BYTES).toString('latin1') ?? ''
    return /^[^\r\n]* HTTP\/\d\.\d\r\n/.test(start) ? 505 : 400
  }
  return PARSE_STATUS.get(code) ?? 400
}

/** Answers what never became an exchange, once per connection, and closes it. */
function refuse(edge: Http1Edge, socket: Duplex, status: number, detail: string): void {
  const connection = edge.connections.get(socket)
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
  const connection = new Connection(socket)
  edge.connections.set(socket, connection)
  return connection
}
