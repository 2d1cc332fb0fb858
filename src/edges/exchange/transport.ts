import type { Server } from 'node:net'
import type { Server as TlsServer, TLSSocket, TlsOptions } from 'node:tls'
import type { Connection } from './connection.ts'
import type { EdgeContext } from './edge-context.ts'
import type { OpenPool } from './upstream-port.ts'

/** HTTP/1.1 towards clients on one port, as a listener needs it. */
export interface Http1Side {
  /** A server that speaks HTTP/1.1 on every connection. */
  createServer(): Server
  /** A server that leaves what a connection speaks to the listener of `secureConnection`. */
  createTlsServer(options: TlsOptions): TlsServer
  /** Speaks HTTP/1.1 on a connection of the TLS server. */
  serve(socket: TLSSocket, connection: Connection): void
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
