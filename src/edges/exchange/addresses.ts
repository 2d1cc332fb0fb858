import { addressKey } from '../../base/cidr.ts'
import type { Socket } from 'node:net'
import type { Use } from './share.ts'

/** Who is at the other end of a connection. */
export interface Peer {
  readonly address: string
  readonly port: number
}

interface CountedUse extends Use {
  connections: number
}

/** What each address with an open connection takes of a listener. */
export class Addresses {
  readonly #isTrusted: (address: string) => boolean
  readonly #namedPeer: (socket: Socket) => Peer | undefined
  readonly #uses = new Map<string, CountedUse>()

  /**
   * `isTrusted`: peers that speak for many clients, such as a balancer; nothing is counted for them. `namedPeer`: whom such
   * a peer named before the first byte.
   */
  constructor(
    isTrusted: (address: string) => boolean,
    namedPeer: (socket: Socket) => Peer | undefined = () => undefined,
  ) {
    this.#isTrusted = isTrusted
    this.#namedPeer = namedPeer
  }

  /** Addresses with an open connection. */
  get size(): number {
    return this.#uses.size
  }

  /** Whom a balancer named as the peer of a connection; `undefined`: nobody. */
  namedPeer(socket: Socket): Peer | undefined {
    return this.#namedPeer(socket)
  }

  /** A connection of the address was opened. One client has a whole /64 of IPv6. */
  enter(peerAddress: string): Use | undefined {
    if (this.#isTrusted(peerAddress)) return undefined
    const key = addressKey(peerAddress)
    let use = this.#uses.get(key)
    if (use === undefined) {
      use = { inFlight: 0, heldBytes: 0, connections: 0 }
      this.#uses.set(key, use)
    }
    use.connections++
    return use
  }

  /** It was closed; said once for each `enter` that gave something. */
  leave(peerAddress: string): void {
    const key = addressKey(peerAddress)
    const use = this.#uses.get(key)
    if (use === undefined) return
    use.connections--
    if (use.connections === 0) this.#uses.delete(key)
  }
}
