import type { Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the health listener says; read anew for each request. */
export interface HealthSource {
  /** Whether traffic should be sent here, with the parts that say why not. */
  ready(): { readonly ok: boolean; readonly details: Readonly<Record<string, string>> }
  /** Prometheus text. */
  metrics(): string
}

/** A running health listener. */
export interface HealthListener {
  readonly port: number
  close(): Promise<void>
}

const TEXT = 'text/plain; charset=utf-8'
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Serves `/live`, `/ready` and `/metrics` and nothing else, on a port of its own: these must answer when the gateway's
 * ports are full, and must not be reachable where the API is.
 * @throws the error of `listen`, such as `EADDRINUSE`.
 */
export async function startHealth(options: {
  readonly port: number
  readonly address: string
  readonly source: HealthSource
}): Promise<HealthListener> {
  const server = createServer({
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 8_192,
  })
  server.maxConnections = 64
  server.on('request', (req, res) => {
    // Probes have no bodies.
    req.resume()
    answer(res, { method: req.method ?? '', path: req.url ?? '' }, options.source)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.address, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) }
}

function answer(
  res: ServerResponse,
  { method, path }: { readonly method: string; readonly path: string },
  source: HealthSource,
): void {
  try {
    if (path !== '/live' && path !== '/ready' && path !== '/metrics')
      return send(res, { status: 404, type: TEXT, body: 'not found\n' })
    if (method !== 'GET' && method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return send(res, { status: 405, type: TEXT, body: 'GET or HEAD\n' })
    }
    if (path === '/live') return send(res, { status: 200, type: TEXT, body: 'live\n' })
    if (path === '/metrics')
      return send(res, { status: 200, type: PROMETHEUS, body: source.metrics() })
    const { ok, details } = source.ready()
    const body = `${JSON.stringify({ ready: ok, ...details })}\n`
    send(res, { status: ok ? 200 : 503, type: 'application/json', body })
  } catch {
    // A source that fails is the very news this listener is asked for.
    send(res, { status: 500, type: TEXT, body: 'the source failed\n' })
  }
}

function send(
  res: ServerResponse,
  { status, type, body }: { readonly status: number; readonly type: string; readonly body: string },
): void {
  res.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(body)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
