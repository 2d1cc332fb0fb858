import type {
  IncomingHttpHeaders,
  SecureServerOptions,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2'
import { constants, performServerHandshake } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { HeaderTable } from '../../http/header-table.ts'
import type { Answer } from '../../gateway/core.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import { ExchangeDriver } from '../exchange/exchange-driver.ts'
import { Http2Client } from './http2-client.ts'

/** What the HTTP/2 side of a listener is made of. */
export interface Http2Edge {
  readonly context: EdgeContext
  readonly sessions: Set<ServerHttp2Session>
}

/** Bounds of a session [WIRE-04, WIRE-10]; Node's own defaults are wide open. */
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

/** Serves HTTP/2 on a connection that chose it by ALPN. */
export function serveHttp2(socket: TLSSocket, connection: Connection, edge: Http2Edge): void {
  const { limits } = edge.context
  const session = performServerHandshake(socket, SESSION_OPTIONS)
  edge.sessions.add(session)
  let requests = 0
  const age = setTimeout(() => session.close(), limits.sessionAgeMs)
  age.unref()
  // Until the first request a session is only a promise of one.
  session.setTimeout(limits.headersMs, () => retire(session))
  session.on('error', () => session.destroy())
  session.on('close', () => {
    clearTimeout(age)
    edge.sessions.delete(session)
  })
  session.on(
    'stream',
    (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      requests++
      if (requests === 1) session.setTimeout(limits.sessionIdleMs)
      onStream(stream, raw, connection, edge.context)
      // GOAWAY: what is open is finished, the client connects anew.
      if (requests >= limits.requestsPerConnection) session.close()
    },
  )
}

/** Idle: tells the client before the connection goes; with a stream open, the stream's own timers decide. */
function retire(session: ServerHttp2Session): void {
  if (!session.closed) session.close()
  else session.destroy()
}

function onStream(
  stream: ServerHttp2Stream,
  raw: readonly string[],
  connection: Connection,
  context: EdgeContext,
): void {
  const head = requestHead(stream, raw, connection)
  if (head.method === 'CONNECT') {
    refuseStream(stream, connection, context)
    return
  }
  const length = head.headers.get('content-length')
  const client = new Http2Client(stream, {
    limits: context.limits,
    method: head.method,
    bodyLength: length === undefined ? undefined : Number(length),
    expectsContinue: head.headers.get('expect') !== undefined,
  })
  // The stream's own close tells when the client is gone; the connection's need not.
  const ports = { client, connection: STREAM_HAS_ITS_OWN, upgrade: undefined }
  new ExchangeDriver(context, ports).start(head)
}

const STREAM_HAS_ITS_OWN = { enter: () => {}, leave: () => {} }

function refuseStream(
  stream: ServerHttp2Stream,
  connection: Connection,
  context: EdgeContext,
): void {
  const peer = { address: connection.peerAddress, port: connection.peerPort }
  const answer: Answer = context.core.refuseUnparsed(peer, 501, 'CONNECT')
  const client = new Http2Client(stream, {
    limits: context.limits,
    method: 'CONNECT',
    bodyLength: undefined,
    expectsContinue: false,
  })
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

/** Pseudo fields become the request's parts; `cookie` crumbs become one field again (RFC 9113 section 8.2.3). */
function requestHead(
  stream: ServerHttp2Stream,
  raw: readonly string[],
  connection: Connection,
): RequestHead {
  const fields: string[] = []
  let method = ''
  let rawTarget = ''
  let authority: string | undefined
  let cookieAt = -1
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (name === ':method') method = value
    else if (name === ':path') rawTarget = value
    else if (name === ':authority') authority = value
    else if (name === 'cookie' && cookieAt >= 0) fields[cookieAt] = `${fields[cookieAt]}; ${value}`
    else if (!name.startsWith(':')) {
      fields.push(name, value)
      if (name === 'cookie') cookieAt = fields.length - 1
    }
  }
  return {
    method,
    rawTarget,
    httpVersion: '2.0',
    headers: new HeaderTable(fields),
    authority,
    peerAddress: connection.peerAddress,
    peerPort: connection.peerPort,
    listener: 'https',
    tls: connection.tls,
    hasBody: !stream.endAfterHeaders,
  }
}

/** Ends a session at once, with what is open on it. */
export function breakSession(session: ServerHttp2Session): void {
  session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
}
