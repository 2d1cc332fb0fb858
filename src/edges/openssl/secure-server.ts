import { Server } from 'node:net'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { canBorrow } from '../kernel/borrowed-socket.ts'
import { SecureSocket } from './secure-socket.ts'
import { isUnderstood, ServerContext } from './server-context.ts'
import { threadSsl } from './thread-ssl.ts'
import type { ThreadSsl } from './thread-ssl.ts'

/** What a server of TLS is made with. */
export interface SecureServerOptions {
  readonly secure: SecureContextOptions
  /** What ALPN may choose, the best first. */
  readonly protocols: readonly string[]
  /** How long a handshake may take. */
  readonly handshakeMs: number
  /** 48 bytes; keys of its own unless said. */
  readonly ticketKeys?: Buffer | undefined
}

/** Accepts connections and shakes hands; tells `secureConnection` and `tlsClientError`, as `tls.Server` does. */
export class SecureServer extends Server {
  readonly #ssl: ThreadSsl
  readonly #options: SecureServerOptions
  #context: ServerContext
  #ticketKeys: Buffer | undefined

  /** @throws where OpenSSL refuses the options. */
  constructor(ssl: ThreadSsl, options: SecureServerOptions) {
    super({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true })
    this.#ssl = ssl
    this.#options = options
    this.#ticketKeys = options.ticketKeys
    this.#context = this.#makeContext(options.secure)
    this.on('connection', this.#accept)
  }

  /** From the next handshake on. @throws where OpenSSL refuses them; the old ones stay then. */
  setSecureContext(secure: SecureContextOptions): void {
    const context = this.#makeContext(secure)
    this.#context.free()
    this.#context = context
  }

  /** 48 bytes; tickets of before are not taken any more. */
  setTicketKeys(keys: Buffer): void {
    this.#ticketKeys = keys
    this.#context.setTicketKeys(keys)
  }

  #makeContext(secure: SecureContextOptions): ServerContext {
    if (!isUnderstood(secure)) throw new TypeError('an option of TLS that is not understood')
    const context = new ServerContext(this.#ssl, secure, this.#options.protocols)
    if (this.#ticketKeys !== undefined) context.setTicketKeys(this.#ticketKeys)
    return context
  }

  #secure(raw: Socket): SecureSocket | undefined {
    try {
      return new SecureSocket(raw, this.#ssl, this.#context)
    } catch {
      // OpenSSL has no memory for one more.
      raw.destroy()
      return undefined
    }
  }

  readonly #accept = (raw: Socket): void => {
    // Refused at the door.
    if (raw.destroyed) return
    const socket = this.#secure(raw)
    if (socket === undefined) return
    const fail = (error: Error): void => {
      clearTimeout(timer)
      if (!isOpen) this.emit('tlsClientError', error, socket)
    }
    let isOpen = false
    const timer = setTimeout(() => {
      const code = 'ERR_TLS_HANDSHAKE_TIMEOUT'
      socket.destroy(Object.assign(new Error('the handshake took too long'), { code }))
    }, this.#options.handshakeMs)
    socket.on('error', fail)
    socket.once('close', () => clearTimeout(timer))
    socket.once('secure', () => {
      isOpen = true
      clearTimeout(timer)
      this.emit('secureConnection', socket)
    })
  }
}

/** @returns `undefined` where Node's own must do the work: see `threadSsl`, and options that are not understood. */
export function openSecureServer(options: SecureServerOptions): SecureServer | undefined {
  const ssl = threadSsl()
  if (ssl === undefined || !canBorrow() || !isUnderstood(options.secure)) return undefined
  try {
    return new SecureServer(ssl, options)
  } catch {
    // Node says better than we what is wrong with them.
    return undefined
  }
}
