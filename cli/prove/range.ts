import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProofKey, ProofKeyOptions } from '../../src/pipeline/proof.ts'
import { Client } from './client.ts'
import type { RangeHost, RangeHosts } from './host.ts'
import type { Issuer } from './issuer.ts'
import type { RangeOrder, RangeReady, ToParent } from './messages.ts'
import { Sink } from './sink.ts'

/** What a range is opened with. */
export type RangeRequest = Pick<RangeOrder, 'flags' | 'omit' | 'needs' | 'withOwnApis'> & {
  /** A folder of its own, made here. */
  readonly folder: string
  readonly issuer: Issuer
  readonly hosts: RangeHosts
}

/** A gateway in another process, with the sink behind it. */
export class Range {
  readonly client: Client
  readonly sink: Sink
  readonly ready: RangeReady
  readonly issuer: Issuer
  readonly #host: RangeHost
  readonly #hosts: RangeHosts
  readonly #needs: RangeOrder['needs']

  private constructor(
    { hosts, issuer, needs }: RangeRequest,
    { host, sink }: { readonly host: RangeHost; readonly sink: Sink },
    ready: RangeReady,
  ) {
    this.#host = host
    this.#hosts = hosts
    this.#needs = needs
    this.sink = sink
    this.issuer = issuer
    this.ready = ready
    this.client = new Client({ https: ready.httpsPort, http: ready.httpPort })
  }

  /** Starts the gateway and waits until it listens. Rejects with what it said when it does not. */
  static async open(request: RangeRequest): Promise<Range> {
    const { issuer, folder, flags, omit, needs, withOwnApis, hosts } = request
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const jwksFile = join(folder, 'jwks.json')
    writeFileSync(jwksFile, issuer.jwks, { mode: 0o600 })
    const sink = await Sink.open()
    const host = hosts.take()
    const order = { flags, omit, needs, folder, jwksFile, withOwnApis, sinkOrigin: sink.origin }
    try {
      return new Range(request, { host, sink }, await host.start(order))
    } catch (error) {
      sink.close()
      await hosts.giveBack(host, false)
      throw error
    }
  }

  /** Makes a key in the gateway's store. */
  newKey(options: ProofKeyOptions): Promise<ProofKey> {
    return keyIn(this.#host.ask({ kind: 'newKey', options }))
  }

  /** Brings a key in whose hash alone is known. */
  importKey(text: string): Promise<ProofKey> {
    return keyIn(this.#host.ask({ kind: 'importKey', text }))
  }

  async revokeKey(id: string): Promise<void> {
    await this.#host.ask({ kind: 'revokeKey', id })
  }

  /** Ends the gateway. Its process serves another one, unless its clock was set. */
  async close(): Promise<void> {
    this.client.close()
    this.sink.close()
    await this.#hosts.giveBack(this.#host, this.#needs.clock === undefined)
  }
}

async function keyIn(answer: Promise<ToParent>): Promise<ProofKey> {
  const { key } = await answer
  if (key === undefined) throw new Error('the gateway made no key')
  return key
}
