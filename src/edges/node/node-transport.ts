import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import type { Http1Side, Transport } from '../exchange/transport.ts'
import type { Http1Edge } from './http1.ts'
import { guardSocket, http1Options, serveHttp1 } from './http1.ts'
import { UndiciPool } from './undici-pool.ts'

/** The reference: `node:http` towards clients, undici towards upstreams. */
export const NODE_TRANSPORT: Transport = {
  openPool: (target) => new UndiciPool(target),
  openHttp1: (context, kind) => new NodeSide(context, kind),
}

class NodeSide implements Http1Side {
  readonly #edge: Http1Edge
  #server: Server | TlsServer | undefined = undefined
  #serveAsHttp1: ((socket: TLSSocket) => void) | undefined = undefined

  constructor(context: EdgeContext, kind: 'https' | 'http') {
    this.#edge = {
      context,
      kind,
      connections: new WeakMap(),
      guards: new WeakMap(),
      isClosing: false,
    }
  }

  createServer(): Server {
    const server = createServer(http1Options(this.#edge))
    server.on('connection', (socket: Socket) => {
      this.#edge.connections.set(socket, new Connection(socket, this.#edge.context.addresses))
      guardSocket(this.#edge, socket)
    })
    serveHttp1(server, this.#edge)
    this.#server = server
    return server
  }

  createTlsServer(options: TlsOptions): TlsServer {
    const server = createTlsServer({ ...http1Options(this.#edge), ...options })
    // Node's own listener starts HTTP/1.1 on every connection; it gets those that chose it.
    const [serveAsHttp1, ...others] = server.listeners('secureConnection')
    if (serveAsHttp1 === undefined || others.length > 0)
      throw new Error('unexpected listeners of https.Server')
    server.removeAllListeners('secureConnection')
    this.#serveAsHttp1 = (socket) => {
      serveAsHttp1.call(server, socket)
    }
    serveHttp1(server, this.#edge)
    this.#server = server
    return server
  }

  serve(socket: TLSSocket, connection: Connection): void {
    this.#edge.connections.set(socket, connection)
    this.#serveAsHttp1?.(socket)
    guardSocket(this.#edge, socket)
  }

  beginClosing(): void {
    this.#edge.isClosing = true
  }

  closeIdle(): void {
    this.#server?.closeIdleConnections()
  }

  closeAll(): void {
    this.#server?.closeAllConnections()
  }
}
