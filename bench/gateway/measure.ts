import { join } from 'node:path'
import { atRate, first, load } from '../load/load.ts'
import type { LoadJob, Sample } from '../load/load.ts'
import { listening, startOn, stopAll } from '../machine/processes.ts'
import { median } from '../machine/statistics.ts'
import { ourName, startOurs } from './peers.ts'
import type { Peer } from './peers.ts'
import { PORTS } from './ports.ts'
import type { Row } from './rows.ts'

/** Requests that a program answers first; what comes later is not cold. */
const COLD_REQUESTS = 1000

/** How long a peer is under the load of each row before anything is measured: what compiling itself costs is `cold`. */
export const SETTLE_SECONDS = 4

/** Measures rows, one after another, and remembers between them what later rows need. */
export class Measurer {
  readonly #folder: string
  readonly #peers: ReadonlyMap<string, Peer>
  /** Number of the next token that a peer has not seen, by file and peer. */
  readonly #nextToken = new Map<string, number>()
  /** Requests per second of the small GET that each peer carried, by peer. */
  readonly #carried = new Map<string, number[]>()

  constructor(folder: string, peers: readonly Peer[]) {
    this.#folder = folder
    this.#peers = new Map(peers.map((peer) => [peer.name, peer]))
  }

  /** Lets compilers and caches settle, and shows what is broken before anything is measured. */
  async warm(row: Row): Promise<void> {
    if (row.part === 'cold' || row.part === 'p999') return
    const sample = await this.measure(row, SETTLE_SECONDS)
    if (sample.rps === 0 || sample.errors > sample.rps * SETTLE_SECONDS * 0.01)
      throw new Error(`${row.peer}, ${row.part} over ${row.channel}: ${sample.errors} errors`)
  }

  /** One sample of a row. */
  measure(row: Row, seconds: number): Promise<Sample> {
    if (row.part === 'cold') return this.#cold(row)
    const job = this.#job(row, seconds)
    if (row.part === 'p50') return load({ ...job, connections: 1 })
    if (row.part === 'p999') return this.#halfLoad(job)
    return row.hitPercent === undefined ? this.#full(row, job) : this.#tokens(row, job)
  }

  #job(row: Row, seconds: number): LoadJob {
    const peer = this.#peers.get(row.peer)
    const port = peer?.ports[row.channel]
    if (peer === undefined || port === undefined) throw new Error(`no peer ${row.peer}`)
    const { channel, kind } = row
    return { pid: peer.program.pid, port, channel, kind, seconds, folder: this.#folder }
  }

  async #full(row: Row, job: LoadJob): Promise<Sample> {
    const sample = await load(job)
    if (row.part === 'small' && row.channel === 'h1')
      this.#carried.set(row.peer, [...(this.#carried.get(row.peer) ?? []), sample.rps])
    return sample
  }

  /** The same tokens are new to each peer; one comes again only after the peer has forgotten it. */
  async #tokens(row: Row, job: LoadJob): Promise<Sample> {
    const { peer, hitPercent = 100, areCallersKnown = false } = row
    const name = areCallersKnown ? 'cold-known.txt' : 'cold.txt'
    const first = this.#nextToken.get(`${name} ${peer}`) ?? 0
    const sample = await load({ ...job, cold: { name, first, hitPercent } })
    this.#nextToken.set(`${name} ${peer}`, first + sample.cold)
    return sample
  }

  /** Half of what the slowest of our own carries is offered to each, nginx included: the same load for all. */
  async #halfLoad(job: LoadJob): Promise<Sample> {
    const ours = [...this.#carried].filter(([name]) => name.startsWith('sallyport'))
    if (ours.length === 0) await this.#probeOurs()
    const rates = [...this.#carried]
      .filter(([name]) => name.startsWith('sallyport'))
      .map(([, rps]) => median(rps))
    return atRate(Math.min(...rates) / 2, job)
  }

  async #probeOurs(): Promise<void> {
    for (const [peer] of this.#peers) {
      if (!peer.startsWith('sallyport')) continue
      const row: Row = { peer, part: 'small', channel: 'h1', kind: 'small' }
      await this.#full(row, this.#job(row, 1))
    }
  }

  /** A program that has answered nobody yet gets its first thousand requests. */
  async #cold(row: Row): Promise<Sample> {
    const [port] = PORTS.cold
    const program =
      row.peer === 'nginx'
        ? startOn(0, ['nginx', '-c', join(this.#folder, 'nginx-cold.conf')])
        : (
            await startOurs(
              this.#folder,
              row.peer === ourName('fast') ? 'fast' : 'node',
              PORTS.cold,
            )
          ).program
    try {
      await listening(port, program)
      const { channel, kind } = row
      const { pid } = program
      return await first(COLD_REQUESTS, {
        pid,
        port,
        channel,
        kind,
        seconds: 1,
        folder: this.#folder,
      })
    } finally {
      await stopAll([program])
    }
  }
}
