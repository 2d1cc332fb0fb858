import type { Socket } from 'node:net'
import type { Answer } from '../../gateway/core.ts'
import type { Exchange, RequestHead } from '../../pipeline/exchange.ts'
import { isSecured } from '../openssl/secured-socket.ts'
import type { Addresses } from './addresses.ts'
import type { Tenant, Use } from './share.ts'
import { TlsFacts } from './tls-facts.ts'

/** Something that runs on a connection and ends with it. */
export interface OnConnection {
  /** `open`: nothing of its answer is on the wire. `answered`: all of it is handed over. */
  readonly stage: 'open' | 'answering' | 'answered'
  readonly exchange: Exchange | undefined
  clientGone(): void
  clientFlushed(): void
}

/** Requests one client may have open on one HTTP/1.1 connection by pipelining; more ends the connection. */
const MAX_PIPELINED = 100

/** What all requests of one connection have in common, read once. */
export class Connection implements Tenant {
  readonly socket: Socket
  readonly peerAddress: string
  readonly peerPort: number
  /** The balancer that named the peer; `undefined`: the peer itself is at the other end. */
  readonly relayAddress: string | undefined
  readonly tls: RequestHead['tls']
  /** The last answer on this connection went out, or is going: nothing may follow it. */
  isLast = false
  /** Requests that came on it so far. */
  requests = 0
  /** Bytes that are held for it. */
  heldBytes = 0
  /** What all connections of its address take together. */
  readonly address: Use | undefined
  readonly #active: OnConnection[] = []

  constructor(socket: Socket, addresses: Addresses) {
    this.socket = socket
    const named = addresses.namedPeer(socket)
    const { remoteAddress = '', remotePort = 0 } = socket
    this.peerAddress = named?.address ?? remoteAddress
    this.peerPort = named?.port ?? remotePort
    this.relayAddress = named === undefined ? undefined : remoteAddress
    this.tls = isSecured(socket) ? new TlsFacts(socket) : undefined
    this.address = addresses.enter(this.peerAddress)
    // One listener for all requests of the connection, none per request.
    socket.on('close', () => {
      this.#lost()
      if (this.address !== undefined) addresses.leave(this.peerAddress)
    })
  }

  /**
   * The rest of what the client sends is no HTTP. `refuse` makes the answer: to what was under way, which ends with it,
   * or to no exchange.
   * @returns the answer, to be sent. `broken`: a second answer would be taken for a part of the one that has begun.
   * `done`: the last answer is on its way, and the end of the connection with it.
   */
  giveUp(refuse: (begun: Exchange | undefined) => Answer): Answer | 'broken' | 'done' {
    const isAnswering = this.#active.some(({ stage }) => stage === 'answering')
    if (isAnswering || (this.#active.length > 1 && !this.isLast)) return 'broken'
    if (this.isLast) return 'done'
    const [active] = this.#active
    const isOpen = active?.stage === 'open'
    const answer = refuse(isOpen ? active.exchange : undefined)
    // Its answer leaves by another way.
    if (isOpen) active.clientFlushed()
    this.#lost()
    return answer
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
    if (index < 0) return
    // Nearly always the only one.
    if (index === this.#active.length - 1) this.#active.pop()
    else this.#active.splice(index, 1)
  }

  #lost(): void {
    for (const active of this.#active.splice(0)) active.clientGone()
  }
}
