import type { SecureContextOptions } from 'node:tls'
import type { TicketKeySource } from '../../src/edges/listener/listener.ts'
import type { TlsContextSource } from '../../src/edges/tls/context.ts'

/** Something current that is replaced from outside. */
class Fed<T> {
  readonly #listeners = new Set<(value: T) => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  feed(value: T): void {
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

/** TLS material that comes from the main thread. */
export class FedTls implements TlsContextSource {
  readonly #fed: Fed<SecureContextOptions>

  constructor(options: SecureContextOptions) {
    this.#fed = new Fed(options)
  }

  get options(): SecureContextOptions {
    return this.#fed.value
  }

  subscribe(listener: (options: SecureContextOptions) => void): () => void {
    return this.#fed.subscribe(listener)
  }

  /** The next handshakes are made with these. */
  feed(options: SecureContextOptions): void {
    this.#fed.feed(options)
  }
}

/** Ticket keys that come from the main thread. */
export class FedTicketKeys implements TicketKeySource {
  readonly #fed: Fed<Buffer>

  constructor(keys: Uint8Array) {
    this.#fed = new Fed<Buffer>(Buffer.from(keys))
  }

  get current(): Buffer {
    return this.#fed.value
  }

  subscribe(listener: (keys: Buffer) => void): () => void {
    return this.#fed.subscribe(listener)
  }

  feed(keys: Uint8Array): void {
    this.#fed.feed(Buffer.from(keys))
  }
}
