import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import { JSON_LIMITS } from '../http/json-limits.ts'
import type { JsonLimits } from '../http/json-limits.ts'
import { parseJsonStrict } from '../http/json-scan.ts'
import { problem } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import { answerAdmin, healthAnswer, IMPORT_PATH } from './routes.ts'
import { listenPrivately } from './socket.ts'
import type { AdminTarget, HealthTarget } from './target.ts'

/** Largest request body. */
const MAX_BODY_BYTES = 64 * 1024
/** The same for an import of keys: ten thousand of them. */
const MAX_IMPORT_BYTES = 16 * 1024 * 1024
const IMPORT_LIMITS: JsonLimits = { ...JSON_LIMITS, maxNodes: 2_000_000 }
const MAX_DRAINED_BYTES = 1024 * 1024
const MAX_CONNECTIONS = 64
/** Calls under way at the stop get this long. */
const CLOSE_MS = 2000

/** A listener that is up. */
export interface RunningServer {
  /** Port of the health listener; 0 for a socket. */
  readonly port: number
  /** Answers what is under way, then stops; removes the socket. */
  close(): Promise<void>
}

/**
 * Starts the admin API on a Unix socket of mode 0600: who may open the socket may do everything [ADM-01].
 * JSON in and out, problem details for refusals, bodies up to 64 KiB.
 * @throws ConfigError at `admin.listen` when the socket cannot be had.
 */
export async function startAdmin(
  target: AdminTarget,
  socketPath: string,
  clock: Clock = systemClock,
): Promise<RunningServer> {
  const server = boundedServer((request, response) => {
    serveAdmin(request, { target, nowMs: clock.nowMs() }).then(
      (answer) => send(request, response, answer),
      () => request.destroy(), // the client went away while it was heard
    )
  })
  await listenPrivately(server, socketPath)
  return { port: 0, close: () => closeServer(server) }
}

/** Starts the plain listener of `listen.health`: `/live`, `/ready`, `/metrics` and the public keys, nothing else. Rejects as `listen`. */
export async function startHealth(
  target: HealthTarget,
  port: number,
  address: string,
): Promise<RunningServer> {
  const server = boundedServer((request, response) => {
    const answer = healthAnswer(target, request.method ?? '', pathOf(request))
    send(request, response, answer ?? problem('not_found', newId()))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  const bound = server.address()
  const ownPort = typeof bound === 'object' && bound !== null ? bound.port : 0
  return { port: ownPort, close: () => closeServer(server) }
}

function boundedServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      headersTimeout: 5000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16_384,
    },
    handle,
  )
  server.maxConnections = MAX_CONNECTIONS
  return server
}

interface Parts {
  readonly target: AdminTarget
  readonly nowMs: number
}

async function serveAdmin(request: IncomingMessage, parts: Parts): Promise<AdminAnswer> {
  const requestId = newId()
  const isImport = IMPORT_PATH.test(pathOf(request))
  const maxBytes = isImport ? MAX_IMPORT_BYTES : MAX_BODY_BYTES
  const bytes = await readBody(request, maxBytes)
  if (bytes === undefined) return problem('body_too_large', requestId)
  if (bytes.length > 0 && !isJson(request.headers['content-type']))
    return problem('unsupported_media_type', requestId)
  const parsed =
    bytes.length === 0
      ? { fault: undefined, value: {} }
      : parseJsonStrict(bytes, isImport ? IMPORT_LIMITS : JSON_LIMITS)
  if (parsed.fault !== undefined)
    return problem('malformed_body', requestId, [
      { pointer: '', detail: `${parsed.fault} at byte ${parsed.offset}` },
    ])
  return answerAdmin({
    ...parts,
    method: request.method ?? '',
    path: pathOf(request),
    body: parsed.value,
    requestId,
  })
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json(?:\s*;|$)/i.test(contentType ?? '')
}

/** The whole body; `undefined` when it is too large. Rejects when the client goes away. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer
    size += bytes.length
    // A little more is read and dropped: who is still writing would not see the answer.
    if (size > maxBytes + MAX_DRAINED_BYTES) return undefined
    if (size <= maxBytes) chunks.push(bytes)
  }
  return size > maxBytes ? undefined : Buffer.concat(chunks)
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? ''
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

function send(request: IncomingMessage, response: ServerResponse, answer: AdminAnswer): void {
  response.writeHead(answer.status, [
    'content-type',
    answer.mediaType,
    'content-length',
    String(Buffer.byteLength(answer.body)),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...(answer.close === true ? ['connection', 'close'] : []),
    ...(answer.headers ?? []),
  ])
  response.end(request.method === 'HEAD' ? undefined : answer.body)
  if (answer.close === true) response.once('finish', () => request.destroy())
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
