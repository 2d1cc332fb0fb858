import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Connection } from '../exchange/connection.ts'
import type { EdgeContext } from '../exchange/edge-context.ts'
import { canBorrow } from '../kernel/borrowed-socket.ts'
import { openSecureServer } from '../openssl/secure-server.ts'
import type { SecuredSocket } from '../openssl/secured-socket.ts'
import { tlsOptionsOf } from '../tls/context.ts'
import type { Http1Side, TlsListener, TlsPlan, Transport } from '../exchange/transport.ts'
import { KEEP_TAIL } from './answer-head.ts'
import { ClientConnection } from './client-connection.ts'
import type { FastEdge } from './fast-edge.ts'
import { plainHeads } from './plain-head.ts'
import { RawPool } from './raw-pool.ts'

/** Chunk extensions of a request together, and its trailer section; nobody reads them. */
const CHUNK_EXTRA_BYTES = 16_384

/** Sockets, llhttp as WASM, and one write for each message. */
export const FAST_TRANSPORT: Transport = {
  openPool: (target) => new RawPool(target),
  openHttp1: (context, kind) => new FastSide(context, kind),
}

class FastSide implements Http1Side {
  readonly #edge: FastEdge

  constructor(context: EdgeContext, kind: 'https' | 'http') {
    const { headBytes, keepAliveMs } = context.limits
    const seconds = Math.floor(keepAliveMs / 1000)
    this.#edge = {
      context,
      kind,
      rules: { maxHeadBytes: headBytes, maxChunkExtraBytes: CHUNK_EXTRA_BYTES, copiesBody: false },
      plainHeads: plainHeads(),
      // Clients that know when an idle connection ends do not send into its end.
      keepTail: seconds > 0 ? `${KEEP_TAIL}Keep-Alive: timeout=${seconds}\r\n` : KEEP_TAIL,
      open: new Set(),
      isClosing: false,
    }
  }

  createServer(): Server {
    const accept = { noDelay: true, allowHalfOpen: true, pauseOnConnect: canBorrow() }
    return createServer(accept, (socket: Socket) => {
      // Refused at the door.
      if (!socket.destroyed)
        this.#start(socket, new Connection(socket, this.#edge.context.addresses))
    })
  }

  createTlsServer(plan: TlsPlan): TlsListener {
    const own = plan.isGated ? undefined : openSecureServer(plan)
    return own ?? createTlsServer({ noDelay: true, ...tlsOptionsOf(plan) })
  }

  serve(socket: SecuredSocket, connection: Connection): void {
    this.#start(socket, connection)
  }

  beginClosing(): void {
    this.#edge.isClosing = true
  }

  closeIdle(): void {
    for (const connection of this.#edge.open) connection.closeIfIdle()
  }

  closeAll(): void {
    for (const connection of this.#edge.open) connection.end()
  }

  #start(socket: Socket, connection: Connection): void {
    new ClientConnection(socket, connection, this.#edge).start()
  }
}
