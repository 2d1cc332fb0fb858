import type { Server, Socket } from 'node:net'
import { FIXED_BYTES, headerBytes, parseProxyHeader } from './header.ts'
import type { HeaderFault, ProxiedPeer } from './header.ts'

/** How connections with a PROXY header are let in. */
export interface ProxyGateOptions {
  /** Peers that write a header, all of them always; nobody else's is believed. */
  readonly isTrusted: (address: string) => boolean
  /** Time for the whole header, in milliseconds. */
  readonly headerMs: number
  /** A listed peer wrote none, or a wrong one; its connection is closed. */
  readonly onFault?: ((fault: string, peerAddress: string) => void) | undefined
}

/** Stands before the protocols of a listener: reads the header that comes before TLS or HTTP, and remembers what it said. */
export class ProxyGate {
  readonly #options: ProxyGateOptions
  /** Of open connections, by the balancer's address and port. */
  readonly #peers = new Map<string, ProxiedPeer>()

  constructor(options: ProxyGateOptions) {
    this.#options = options
  }

  /** Connections whose peer was named. */
  get size(): number {
    return this.#peers.size
  }

  /** Whom the balancer named; `undefined`: nobody, the peer speaks for itself. */
  peerOf({ remoteAddress, remotePort }: Socket): ProxiedPeer | undefined {
    return this.#peers.size === 0 ? undefined : this.#peers.get(`${remoteAddress} ${remotePort}`)
  }

  /** Has the listeners for connections of a server wait for the header. To be called when all of them are there. */
  guard(server: Server): void {
    const listeners = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      const admit = (): void => {
        for (const listener of listeners) Reflect.apply(listener, server, [socket])
      }
      if (this.#options.isTrusted(socket.remoteAddress ?? '')) this.#await(socket, admit)
      else admit()
    })
  }

  #await(socket: Socket, admit: () => void): void {
    const peerAddress = socket.remoteAddress ?? ''
    const reader = new HeaderReader(socket)
    const fail = (fault: string): void => {
      end()
      socket.destroy()
      this.#options.onFault?.(fault, peerAddress)
    }
    const timer = setTimeout(() => fail('missing'), this.#options.headerMs)
    const onEnd = (): void => fail('missing')
    const onError = (): void => void socket.destroy()
    const onReadable = (): void => {
      const header = reader.read()
      if (header === undefined) return
      const found = 'fault' in header ? header : parseProxyHeader(header)
      if (found !== undefined && 'fault' in found) return fail(found.fault)
      end()
      if (found !== undefined) this.#remember(socket, found)
      // The stream has to notice that nobody reads by hand any more.
      setImmediate(() => {
        if (socket.destroyed) return
        socket.off('error', onError)
        admit()
        // What came with the header is read now; with TLS it has been.
        if (socket.listenerCount('data') > 0) socket.resume()
      })
    }
    const end = (): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('end', onEnd)
      socket.off('close', end)
    }
    socket.on('error', onError)
    socket.on('close', end)
    socket.on('end', onEnd)
    socket.on('readable', onReadable)
  }

  #remember(socket: Socket, peer: ProxiedPeer): void {
    const name = `${socket.remoteAddress} ${socket.remotePort}`
    this.#peers.set(name, peer)
    socket.once('close', () => this.#peers.delete(name))
  }
}

/** The first bytes of a connection, up to the end of the header and no byte more. */
class HeaderReader {
  readonly #socket: Socket
  #fixed: Buffer | undefined = undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The whole header; `undefined` while some of it is still to come. */
  read(): Buffer | HeaderFault | undefined {
    const fixed = (this.#fixed ??= this.#take(FIXED_BYTES))
    if (fixed === undefined) return undefined
    const size = headerBytes(fixed)
    if (typeof size !== 'number') return size
    if (size === FIXED_BYTES) return fixed
    const rest = this.#take(size - FIXED_BYTES)
    return rest === undefined ? undefined : Buffer.concat([fixed, rest])
  }

  /** Exactly so many bytes, or none: asking makes the stream read on. At its end it would give what is left. */
  #take(count: number): Buffer | undefined {
    const bytes = this.#socket.read(count) as Buffer | null
    return bytes?.length === count ? bytes : undefined
  }
}
