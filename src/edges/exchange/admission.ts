import type { Socket } from 'node:net'
import type { EdgeLimits } from './limits.ts'

/** How connections are admitted. */
export interface AdmissionOptions {
  readonly limits: EdgeLimits
  /** Peers that speak for many clients, such as a balancer; only the total counts for them. */
  readonly isTrusted: (address: string) => boolean
  /** Whether each connection costs a handshake, which is slowed down per address [TRN-07]. */
  readonly isTls: boolean
  /** The number of open connections changed by this. */
  readonly onChange?: ((delta: 1 | -1) => void) | undefined
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
    const address = socket.remoteAddress ?? ''
    const peer = this.#peers.get(address) ?? this.#newPeer(address)
    if (!this.#hasRoom(peer, address)) {
      // No listener will be there to hear of a reset.
      socket.on('error', () => socket.destroy())
      socket.destroy()
      return
    }
    peer.open++
    this.#sockets.add(socket)
    this.#options.onChange?.(1)
    socket.once('close', () => this.#leave(socket, address, peer))
  }

  /** Ends every connection. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #hasRoom(peer: Peer, address: string): boolean {
    const { limits, isTrusted, isTls } = this.#options
    if (this.#sockets.size >= limits.connections) return false
    if (isTrusted(address)) return true
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
