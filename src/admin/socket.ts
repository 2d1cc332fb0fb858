import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { connect } from 'node:net'
import type { Server } from 'node:net'
import { ConfigError } from '../base/config-error.ts'

const SOCKET_MODE = 0o600
/** Everything but reading and writing by the owner is taken away from a new socket. */
const SOCKET_UMASK = 0o177
/** `sun_path` holds 108 bytes on Linux, 104 elsewhere, one of them the end. */
const MAX_PATH_BYTES = 103

/**
 * Listens on a Unix socket that only its owner may open. A socket file that nobody listens on is replaced.
 * Main thread only, since the process's umask is set for the moment of binding.
 * @throws ConfigError at `admin.listen` when another process listens there, when something else stands there, or when
 * the path cannot be used.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw fault(`${path} is too long for a socket`, `up to ${MAX_PATH_BYTES} bytes`)
  await removeStale(path)
  await bind(server, path)
  chmodSync(path, SOCKET_MODE)
}

async function removeStale(path: string): Promise<void> {
  const stat = statOf(path)
  if (stat === undefined) return
  if (!stat.isSocket()) throw fault(`${path} is there and is no socket`, 'move it away')
  if (await isServed(path)) throw fault(`another process listens on ${path}`, 'stop it first')
  unlinkSync(path)
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // A full backlog or a socket of another user: somebody is there.
      else if (error.code === 'EAGAIN' || error.code === 'EACCES') resolve(true)
      else reject(error)
    })
  })
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(fault(`cannot listen on ${path}: ${error.code ?? error.message}`))
    server.once('error', onError)
    // Binding happens inside `listen`; a later chmod alone would leave a moment for others.
    const umask = process.umask(SOCKET_UMASK)
    try {
      server.listen(path, () => {
        server.off('error', onError)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
  })
}

function fault(message: string, cure?: string): ConfigError {
  return new ConfigError({ path: 'admin.listen', message, ...(cure === undefined ? {} : { cure }) })
}
