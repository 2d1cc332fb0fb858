import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import type { Kit } from '../kit.ts'

/** Credentials that are remembered; each takes about 150 bytes. */
const MAX_VOUCHED = 50_000

/** One book for all operations and plans of a process: its counters live as long. */
const BOOKS = new WeakMap<Kit['counters'], GenerationMap<true>>()

/**
 * Remembers credentials that only the API can judge, once it has taken them. Who makes up a new one for each request
 * would have a new limit each time; so limits count the address until the API has answered with success.
 */
export class VouchedCredentials {
  readonly #book: GenerationMap<true>
  readonly #api: string

  constructor(counters: Kit['counters'], api: string) {
    const known = BOOKS.get(counters)
    this.#book = known ?? new GenerationMap(MAX_VOUCHED)
    if (known === undefined) BOOKS.set(counters, this.#book)
    this.#api = api
  }

  /** Says on the exchange whether limits count the caller or the address. */
  judge(exchange: Exchange): void {
    exchange.countsAsAddress = this.#book.get(this.#keyOf(exchange)) !== true
  }

  /** Learns what the API thinks of the credential; an answer other than success or 401 tells nothing. */
  learn(exchange: Exchange, { status }: UpstreamResponse): void {
    if (exchange.principal.kind !== 'upstream') return
    if (status === 401) this.#book.delete(this.#keyOf(exchange))
    else if (status >= 200 && status < 300 && exchange.countsAsAddress)
      this.#book.set(this.#keyOf(exchange), true)
  }

  #keyOf({ principal }: Exchange): string {
    return `${this.#api} ${principal.credentialId}`
  }
}
