import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { RequestHead } from '../../pipeline/exchange.ts'

/** Something that runs on a connection and ends with it. */
export interface OnConnection {
  /** Whether a part of its answer may already be on the wire. */
  readonly hasBegunAnswer: boolean
  clientGone(): void
}

/** Requests one client may have open on one HTTP/1.1 connection by pipelining; more ends the connection. */
const MAX_PIPELINED = 100

/** What all requests of one connection have in common, read once. */
export class Connection {
  readonly socket: Socket
  readonly peerAddress: string
  readonly peerPort: number
  readonly tls: RequestHead['tls']
  /** The last answer on this connection went out, or is going: nothing may follow it. */
  isLast = false
  readonly #active: OnConnection[] = []

  constructor(socket: Socket) {
    this.socket = socket
    this.peerAddress = socket.remoteAddress ?? ''
    this.peerPort = socket.remotePort ?? 0
    this.tls = socket instanceof TLSSocket ? tlsFacts(socket) : undefined
    // One listener for all requests of the connection, none per request.
    socket.on('close', () => this.#lost())
  }

  /**
   * Ends what is under way because the rest of the message is no HTTP.
   * @returns whether the connection is free for an answer to that.
   */
  giveUp(): boolean {
    const isFree =
      this.#active.length <= 1 && this.#active.every((active) => !active.hasBegunAnswer)
    this.#lost()
    return isFree
  }

  /** Whether an exchange is under way. */
  get isBusy(): boolean {
    return this.#active.length > 0
  }

  enter(active: OnConnection): void {
    this.#active.push(active)
    if (this.#active.length > MAX_PIPELINED) this.socket.destroy()
  }

  leave(active: OnConnection): void {
    const index = this.#active.indexOf(active)
    if (index >= 0) this.#active.splice(index, 1)
  }

  #lost(): void {
    for (const active of this.#active.splice(0)) active.clientGone()
  }
}

function tlsFacts(socket: TLSSocket): RequestHead['tls'] {
  const { servername } = socket as { servername?: string | false }
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.name ?? '',
    servername: typeof servername === 'string' && servername !== '' ? servername : undefined,
  }
}
