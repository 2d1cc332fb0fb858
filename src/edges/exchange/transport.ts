import type { Server } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { SecuredSocket } from '../openssl/secured-socket.ts'
import type { Connection } from './connection.ts'
import type { EdgeContext } from './edge-context.ts'
import type { OpenPool } from './upstream-port.ts'

/** How a TLS server is made. */
export interface TlsPlan {
  readonly secure: SecureContextOptions
  /** What ALPN may choose, the best first. */
  readonly protocols: readonly string[]
  readonly handshakeMs: number
  /** 48 bytes; keys of its own unless said. */
  readonly ticketKeys?: Buffer | undefined
  /** Something reads from its connections before TLS does. */
  readonly isGated: boolean
}

/** A server of TLS: it tells `secureConnection` and `tlsClientError`, each with its socket, see `SecuredSocket`. */
export interface TlsListener extends Server {
  setSecureContext(options: SecureContextOptions): void
  setTicketKeys(keys: Buffer): void
}

/** HTTP/1.1 towards clients on one port, as a listener needs it. */
export interface Http1Side {
  /** A server that speaks HTTP/1.1 on every connection. */
  createServer(): Server
  /** A server that leaves what a connection speaks to the listener of `secureConnection`. */
  createTlsServer(plan: TlsPlan): TlsListener
  /** Speaks HTTP/1.1 on a connection of the TLS server. */
  serve(socket: SecuredSocket, connection: Connection): void
  /** From here on every answer is the last one of its connection. */
  beginClosing(): void
  /** Ends connections on which no message is under way. */
  closeIdle(): void
  /** Ends every connection. */
  closeAll(): void
}

/** A transport: how clients and upstreams are spoken with in HTTP/1.1. */
export interface Transport {
  readonly openPool: OpenPool
  openHttp1(context: EdgeContext, kind: 'https' | 'http'): Http1Side
}
