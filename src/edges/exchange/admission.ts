import type { Socket } from 'node:net'
import type { EdgeLimits } from './limits.ts'

/** Counts the open connections of each peer [NET-04]: the only defense before a byte is parsed. */
export class Admission {
  readonly #open = new Map<string, number>()
  readonly #sockets = new Set<Socket>()
  readonly #limits: EdgeLimits
  readonly #isTrusted: (address: string) => boolean

  /** `isTrusted`: peers that speak for many clients, such as a balancer; only the total counts for them. */
  constructor(limits: EdgeLimits, isTrusted: (address: string) => boolean) {
    this.#limits = limits
    this.#isTrusted = isTrusted
  }

  /** Open connections. */
  get size(): number {
    return this.#sockets.size
  }

  /** Takes a new connection or destroys it. */
  admit(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const count = (this.#open.get(address) ?? 0) + 1
    const isTooMany =
      this.#sockets.size >= this.#limits.connections ||
      (count > this.#limits.connectionsPerAddress && !this.#isTrusted(address))
    if (isTooMany) {
      // No listener will be there to hear of a reset.
      socket.on('error', () => socket.destroy())
      socket.destroy()
      return
    }
    this.#open.set(address, count)
    this.#sockets.add(socket)
    socket.once('close', () => this.#leave(socket, address))
  }

  /** Ends every connection. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #leave(socket: Socket, address: string): void {
    this.#sockets.delete(socket)
    const left = (this.#open.get(address) ?? 1) - 1
    if (left > 0) this.#open.set(address, left)
    else this.#open.delete(address)
  }
}
