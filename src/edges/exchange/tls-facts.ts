import { createHash } from 'node:crypto'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { SecuredSocket } from '../openssl/secured-socket.ts'

const CLASS_CHARS = 12

/** What is known of the TLS of one connection; read once. */
export class TlsFacts implements NonNullable<RequestHead['tls']> {
  readonly protocol: string
  readonly cipher: string
  readonly servername: string | undefined
  /** Until the class is read. */
  #socket: SecuredSocket | undefined
  #class: string | undefined

  constructor(socket: SecuredSocket) {
    const { servername } = socket as { servername?: string | false }
    this.protocol = socket.getProtocol() ?? ''
    this.cipher = socket.getCipher()?.name ?? ''
    this.servername = typeof servername === 'string' && servername !== '' ? servername : undefined
    this.#socket = socket
  }

  /**
   * Names the kind of client by its handshake: a hash of the signature algorithms that both sides know. The same for every full handshake of one TLS library with one configuration; many programs share one.
   * `undefined`: a resumed handshake, where a client need not say them, or a connection that is gone.
   */
  get clientClass(): string | undefined {
    if (this.#socket === undefined) return this.#class
    this.#class = classOf(this.#socket)
    this.#socket = undefined
    return this.#class
  }
}

/** The rest of a hello (suites, groups, order of extensions) Node does not show. */
function classOf(socket: SecuredSocket): string | undefined {
  if (socket.destroyed || socket.isSessionReused()) return undefined
  // `null`, against its type, once the handle is gone.
  const algorithms: readonly string[] | null = socket.getSharedSigalgs()
  if (algorithms === null || algorithms.length === 0) return undefined
  const hash = createHash('sha256').update(algorithms.join(':')).digest('base64url')
  return hash.slice(0, CLASS_CHARS)
}
