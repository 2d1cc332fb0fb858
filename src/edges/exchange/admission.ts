import type { Socket } from 'node:net'
import { addressKey } from '../../base/cidr.ts'
import type { EdgeLimits } from './limits.ts'

/** How connections are admitted. */
export interface AdmissionOptions {
  readonly limits: EdgeLimits
  /** Peers that speak for many clients, such as a balancer; only the total counts for them. */
  readonly isTrusted: (address: string) => boolean
  /** Whether each connection costs a handshake, which is slowed down per address [TRN-07]. */
  readonly isTls: boolean
  /** Whom a balancer named as the peer of a connection. */
  readonly namedPeer?: ((socket: Socket) => { readonly address: string } | undefined) | undefined
  /** The number of open connections changed by this. */
  readonly onChange?: ((delta: 1 | -1) => void) | undefined
  /** Seats that other listeners of the port give out too. */
  readonly seats?: SharedSeats | undefined
}

/** Connections counted over several listeners, each with a thread of its own. */
export interface SharedSeats {
  /** Whether there is a seat for one more; `isCounted`: those of the address count as well, not only all. */
  take(address: string, isCounted: boolean): boolean
  /** Gives back what `take` gave. */
  leave(address: string, isCounted: boolean): void
}

/** What is known of one peer. */
interface Peer {
  open: number
  /** When, in monotonic milliseconds, the handshakes of this peer so far will have been paid off (GCRA). */
  paidAtMs: number
}

/** Peers that are remembered although none of their connections is open. */
const MAX_IDLE_PEERS = 10_000

/** Counts the connections of each peer [NET-04, TRN-07]: the only defense before a byte is parsed. */
export class Admission {
  readonly #peers = new Map<string, Peer>()
  readonly #sockets = new Set<Socket>()
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Open connections. */
  get size(): number {
    return this.#sockets.size
  }

  /** Takes a new connection or destroys it. */
  admit(socket: Socket): void {
    const peerAddress = this.#options.namedPeer?.(socket)?.address ?? socket.remoteAddress ?? ''
    // One client has a whole /64 of IPv6 to come from.
    const address = addressKey(peerAddress)
    const peer = this.#peers.get(address) ?? this.#newPeer(address)
    const isCounted = !this.#options.isTrusted(peerAddress)
    if (
      !hasAddress(socket) ||
      !this.#hasRoom(peer, isCounted) ||
      !(this.#options.seats?.take(address, isCounted) ?? true)
    ) {
      // No listener will be there to hear of a reset.
      socket.on('error', () => socket.destroy())
      socket.destroy()
      return
    }
    peer.open++
    this.#sockets.add(socket)
    this.#options.onChange?.(1)
    socket.once('close', () => {
      this.#options.seats?.leave(address, isCounted)
      this.#leave(socket, address, peer)
    })
  }

  /** Ends every connection. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #hasRoom(peer: Peer, isCounted: boolean): boolean {
    const { limits, isTls } = this.#options
    if (this.#sockets.size >= limits.connections) return false
    if (!isCounted) return true
    return peer.open < limits.connectionsPerAddress && (!isTls || this.#payHandshake(peer))
  }

  #payHandshake(peer: Peer): boolean {
    const { handshakesPerSecond, handshakeBurst } = this.#options.limits
    const nowMs = performance.now()
    const costMs = 1000 / handshakesPerSecond
    const paidAtMs = Math.max(peer.paidAtMs, nowMs) + costMs
    if (paidAtMs - nowMs > handshakeBurst * costMs) return false
    peer.paidAtMs = paidAtMs
    return true
  }

  #newPeer(address: string): Peer {
    const peer = { open: 0, paidAtMs: 0 }
    if (this.#peers.size >= this.#sockets.size + MAX_IDLE_PEERS) this.#forgetIdle()
    this.#peers.set(address, peer)
    return peer
  }

  #forgetIdle(): void {
    const nowMs = performance.now()
    for (const [address, { open, paidAtMs }] of this.#peers) {
      if (open === 0 && paidAtMs <= nowMs) this.#peers.delete(address)
    }
  }

  #leave(socket: Socket, address: string, peer: Peer): void {
    this.#sockets.delete(socket)
    this.#options.onChange?.(-1)
    peer.open--
    if (peer.open === 0 && peer.paidAtMs <= performance.now()) this.#peers.delete(address)
  }
}

/**
 * Whether it is known who is at the other end. Who resets a connection at once is not: what was sent before could
 * still be read, and would be judged and logged as nobody's.
 */
export function hasAddress({ remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined && remoteAddress !== ''
}
