import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { ConfigError } from '../base/config-error.ts'

/** A server on a Unix socket. */
export interface UnixListener {
  readonly path: string
  /** Stops, ends what runs, removes the socket. */
  close(): Promise<void>
}

/** Longest path the kernel takes (`sun_path` of Linux less the end mark; macOS has 103). */
const MAX_PATH_BYTES = 103

/**
 * Serves HTTP on a Unix socket that only its owner, or with mode 0660 also its group, may open. A socket nobody
 * listens on any more is replaced; anything else at the path is left alone.
 * @throws ConfigError when the path is too long, taken by a file, or by a process that listens.
 */
export async function serveUnix(
  path: string,
  handler: RequestListener,
  mode: 0o600 | 0o660 = 0o600,
): Promise<UnixListener> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw fault(path, `is longer than ${MAX_PATH_BYTES} bytes`)
  await removeStale(path)
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 },
    handler,
  )
  await listenPrivately(server, path)
  chmodSync(path, mode)
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        // Node removes the socket with the server.
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The socket is made for its owner alone; widening comes after, so that there is no moment in which others may open it. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
}

async function removeStale(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket()) throw fault(path, 'exists and is not a socket')
  if (await isListening(path)) throw fault(path, 'is served by another process')
  unlinkSync(path)
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
}

function fault(path: string, message: string): ConfigError {
  return new ConfigError({
    path: 'admin.listen',
    message: `${path} ${message}`,
    cure: 'choose another path',
  })
}
