import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import type { Http1Side, TlsPlan, Transport } from '../exchange/transport.ts'
import { tlsOptionsOf } from '../tls/context.ts'
import type { SecuredSocket } from '../openssl/secured-socket.ts'
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

  createTlsServer(plan: TlsPlan): TlsServer {
    const server = createTlsServer({ ...http1Options(this.#edge), ...tlsOptionsOf(plan) })
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

  serve(socket: SecuredSocket, connection: Connection): void {
    if (!(socket instanceof TLSSocket)) throw new TypeError('not a socket of this server')
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
