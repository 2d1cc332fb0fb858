import type {
  ProofAnswer,
  ProofKey,
  ProofKeyOptions,
  ProofLimits,
  ProofRange,
  ProofRequest,
  ProofSink,
  ProofTokenOptions,
} from '../../src/pipeline/proof.ts'
import type { WireRequest } from './client.ts'
import type { Range } from './range.ts'
import { PROBE_BASE, PROBE_HOST } from './range-settings.ts'

/** The range as one attack sees it: own addresses and own credentials, so that no attack eats another's limits. */
export class AttackRange implements ProofRange {
  readonly base: string = PROBE_BASE
  readonly namedHost: string = PROBE_HOST
  readonly limits: ProofLimits
  readonly sink: ProofSink
  readonly #range: Range
  readonly #network: string
  #key: Promise<ProofKey> | undefined

  /** `index`: number of the attack in its range, from 0; it decides the addresses. */
  constructor(range: Range, index: number) {
    this.#range = range
    this.limits = range.ready.limits
    this.sink = range.sink
    range.sink.reset()
    this.#network = `127.${64 + Math.floor(index / 250)}.${1 + (index % 250)}`
  }

  address(n: number): string {
    return `${this.#network}.${n}`
  }

  async send(request: ProofRequest): Promise<ProofAnswer> {
    return this.#range.client.send(await this.#complete(request))
  }

  async passes(request: ProofRequest): Promise<boolean> {
    const before = this.sink.received().length
    const { status } = await this.send(request)
    return status < 400 && this.sink.received().length > before
  }

  async anyPasses(requests: readonly ProofRequest[]): Promise<boolean> {
    for (const request of requests) if (await this.passes(request)) return true
    return false
  }

  raw(bytes: string): Promise<string> {
    return this.#range.client.raw(bytes, this.address(1))
  }

  newKey(options: ProofKeyOptions = {}): Promise<ProofKey> {
    return this.#range.newKey(options)
  }

  importKey(text: string): Promise<ProofKey> {
    return this.#range.importKey(text)
  }

  revokeKey(id: string): Promise<void> {
    return this.#range.revokeKey(id)
  }

  token(options?: ProofTokenOptions): string {
    return this.#range.issuer.token(options)
  }

  async #complete(request: ProofRequest): Promise<WireRequest> {
    const { body, host = 'localhost', headers = [] } = request
    const isText = body === undefined || typeof body === 'string'
    const type = isText || names(headers).has('content-type') ? [] : JSON_TYPE
    return {
      method: request.method ?? 'GET',
      target: this.base + request.target,
      host,
      serverName: request.serverName ?? host,
      headers: [...(await this.#credential(request.credential)), ...type, ...headers],
      body: body === undefined ? undefined : Buffer.from(isText ? body : JSON.stringify(body)),
      from: request.from ?? this.address(1),
      via: request.via ?? 'https',
    }
  }

  async #credential(text: string | undefined): Promise<readonly string[]> {
    if (text === 'none') return []
    if (text !== undefined) return ['X-API-Key', text]
    this.#key ??= this.newKey()
    return ['X-API-Key', (await this.#key).text]
  }
}

const JSON_TYPE: readonly string[] = ['Content-Type', 'application/json']

function names(flat: readonly string[]): ReadonlySet<string> {
  return new Set(flat.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
}
