import type { SecuredSocket } from '../openssl/secured-socket.ts'
import type { IncomingHttpHeaders, SecureServerOptions, ServerHttp2Stream } from 'node:http2'
import { performServerHandshake } from 'node:http2'
import type { Answer } from '../../gateway/core.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Connection } from '../exchange/connection.ts'
import type { EdgeContext, ExchangePorts } from '../exchange/edge-context.ts'
import { ExchangeDriver } from '../exchange/exchange-driver.ts'
import { Http2Client } from './http2-client.ts'
import { requestHead } from './request-head.ts'
import type { H2AbuseKind, Http2Monitor, OpenSession } from './session-guard.ts'
import { SessionGuard } from './session-guard.ts'

/** What the HTTP/2 side of a listener is made of. */
export interface Http2Edge {
  readonly context: EdgeContext
  readonly sessions: Set<OpenSession>
  readonly monitor?: Http2Monitor | undefined
}

/** Bounds of a session [WIRE-04, WIRE-10] that nghttp2 and Node keep; their own defaults are wide open. */
const SESSION_OPTIONS: SecureServerOptions = {
  maxSessionMemory: 4,
  maxSessionInvalidFrames: 50,
  maxHeaderListPairs: 100,
  maxSettings: 32,
  streamResetBurst: 100,
  streamResetRate: 10,
  unknownProtocolTimeout: 5_000,
  settings: {
    maxConcurrentStreams: 100,
    maxHeaderListSize: 16_384,
    enablePush: false,
    enableConnectProtocol: false,
  },
}

/** What all streams of one session share. */
interface SessionParts {
  readonly connection: Connection
  /** The close of a stream tells when its client is gone; what its exchange takes is the connection's. */
  readonly tenant: ExchangePorts['connection']
  readonly context: EdgeContext
  readonly guard: SessionGuard
}

/** Serves HTTP/2 on a connection that chose it by ALPN. */
export function serveHttp2(socket: SecuredSocket, connection: Connection, edge: Http2Edge): void {
  const { context, sessions, monitor } = edge
  const session = performServerHandshake(socket, SESSION_OPTIONS)
  const onAbuse = (kind: H2AbuseKind, detail: string): void =>
    monitor?.onAbuse({ kind, peerAddress: connection.peerAddress, detail })
  const guard = new SessionGuard(session, socket, {
    limits: context.limits,
    onOver: onAbuse,
    onReset: () => monitor?.onReset(),
  })
  sessions.add(guard)
  context.sweeper.add(guard)
  session.on('error', (error: NodeJS.ErrnoException) => {
    if (PROTOCOL_ERRORS.has(error.code ?? '')) onAbuse('protocol', `${error.code} ${error.errno}`)
    session.destroy()
  })
  session.on('close', () => {
    context.sweeper.remove(guard)
    sessions.delete(guard)
  })
  const parts: SessionParts = { connection, tenant: tenantOf(connection), context, guard }
  session.on(
    'stream',
    (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders, _flags: number, raw: string[]) =>
      onStream(stream, raw, parts),
  )
}

/** How Node names that it, or nghttp2, gave up on what the client sent. */
const PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  'ERR_HTTP2_ERROR',
  'ERR_HTTP2_TOO_MANY_INVALID_FRAMES',
])

function onStream(stream: ServerHttp2Stream, raw: readonly string[], parts: SessionParts): void {
  const head = requestHead(raw, parts.connection, !stream.endAfterHeaders)
  const client = clientOf(stream, head, parts)
  if (head.method === 'CONNECT') {
    refuseStream(client, parts)
    return
  }
  // The stream's own close tells when the client is gone; the connection's need not.
  const ports = { client, connection: parts.tenant, upgrade: undefined }
  new ExchangeDriver(parts.context, ports).start(head)
}

function clientOf(
  stream: ServerHttp2Stream,
  head: RequestHead,
  { context, guard }: SessionParts,
): Http2Client {
  const { headers, rawTarget, authority, method, hasBody } = head
  guard.opened(headers.bytes + rawTarget.length + (authority?.length ?? 0), hasBody)
  const length = headers.get('content-length')
  return new Http2Client(stream, {
    limits: context.limits,
    sweeper: context.sweeper,
    guard,
    method,
    hasBody,
    bodyLength: length === undefined ? undefined : Number(length),
    expectsContinue: headers.has('expect'),
    takesTrailers: headers.get('te') === 'trailers',
  })
}

function tenantOf({ address }: Connection): ExchangePorts['connection'] {
  return { enter: () => {}, leave: () => {}, heldBytes: 0, address }
}

function refuseStream(client: Http2Client, { connection, context }: SessionParts): void {
  const peer = { address: connection.peerAddress, port: connection.peerPort }
  const answer: Answer = context.core.refuseUnparsed(peer, 501, 'CONNECT')
  client.attach(NOBODY)
  client.answer(answer)
}

const NOBODY = {
  bodyData: () => {},
  bodyEnd: () => {},
  clientGone: () => {},
  clientDrained: () => {},
  clientFlushed: () => {},
}
