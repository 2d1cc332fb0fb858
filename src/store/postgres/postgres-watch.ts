import type { Client } from 'pg'
import { StoreError } from '../records.ts'
import { whatFailed } from './postgres-link.ts'
import type { PostgresLink } from './postgres-link.ts'

/** What changes are counted of. */
export type Watched = 'keys' | 'relations'

/** Without a word of the server it is asked this often; what another node revoked is known within it and a time-out. */
const POLL_MS = 2000
/** As long as this, what was read before the database went away may still be said (CONTROLS 3.3: 60 s). */
const HELD_MS = 55_000
/** Pause before a lost connection is made anew. */
const RETRY_MS = 250

/**
 * Follows the changes of a database over a connection of its own: the server tells of each commit (LISTEN), and is asked
 * every 2 s in case its word got lost. One answer that does not come in time, and the database is away until the next
 * one that does.
 */
export class PostgresWatch {
  readonly #link: PostgresLink
  readonly #counts = new Map<string, number>()
  readonly #onState: (cause: string | undefined) => void
  /** Own writes so far: a poll that was on its way during one knows less. */
  #writes = 0
  #isDue = false
  /** Somebody was told that the database is away. */
  #isLost = false
  #answeredAt = -Infinity
  #isClosed = false
  #wake: (() => void) | undefined
  #client: Client | undefined
  #running: Promise<void> | undefined

  /** `onState`: told why when the database is lost, and `undefined` when it is back. */
  constructor(link: PostgresLink, onState: (cause: string | undefined) => void) {
    this.#link = link
    this.#onState = onState
    link.away = 'not connected yet'
  }

  /** Begins; resolves with the first answer, rejects when there is none. */
  async start(): Promise<void> {
    const client = await this.#connect()
    this.#running = this.#run(client)
  }

  /** The count of the database as it is known here. Throws `StoreError` while the database is away. */
  count(what: Watched): number {
    const count = this.#counts.get(what)
    if (this.#link.away === undefined && count !== undefined) return count
    throw new StoreError('unavailable', `the database is away: ${this.#link.away ?? 'no count'}`)
  }

  /** The last count that was heard of, for 55 s also from a database that is away; then `undefined`. */
  heldCount(what: Watched): number | undefined {
    return performance.now() - this.#answeredAt < HELD_MS ? this.#counts.get(what) : undefined
  }

  /** This process changed something and the count is now this. */
  wrote(what: Watched, count: number): void {
    this.#writes++
    this.#counts.set(what, Math.max(count, this.#counts.get(what) ?? 0))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake?.()
    if (this.#client !== undefined) hold(this.#client, true)
    await this.#client?.end().catch(() => undefined)
    await this.#running
  }

  async #run(first: Client): Promise<void> {
    let client: Client | undefined = first
    while (!this.#isClosed) {
      try {
        client ??= await this.#connect()
        await this.#follow(client)
      } catch (cause) {
        this.#lost(whatFailed(cause))
        void client?.end().catch(() => undefined)
        client = undefined
        await this.#pause(RETRY_MS)
      }
    }
  }

  async #connect(): Promise<Client> {
    const { Client: ClientOf } = await import('pg')
    const client = new ClientOf(this.#link.clientSettings)
    client.on('notification', () => this.#due())
    // The statement on its way, or the next one, rejects.
    client.on('error', () => this.#due())
    client.on('end', () => this.#due())
    await client.connect()
    hold(client, false)
    this.#client = client
    await client.query('LISTEN sallyport')
    await this.#poll(client)
    return client
  }

  async #follow(client: Client): Promise<void> {
    while (!this.#isClosed) {
      if (!this.#isDue) await this.#pause(POLL_MS)
      if (this.#isClosed) return
      await this.#poll(client)
    }
  }

  async #poll(client: Client): Promise<void> {
    this.#isDue = false
    const before = this.#writes
    const { rows } = await client.query<{ what: string; count: number }>(
      'SELECT what, count FROM change_count',
    )
    if (before === this.#writes) for (const { what, count } of rows) this.#counts.set(what, count)
    else this.#isDue = true
    this.#answeredAt = performance.now()
    if (this.#link.away === undefined) return
    this.#link.away = undefined
    if (this.#isLost) this.#onState(undefined)
    this.#isLost = false
  }

  #lost(cause: string): void {
    this.#link.away = cause
    if (!this.#isLost && !this.#isClosed) this.#onState(cause)
    this.#isLost = true
  }

  #due(): void {
    this.#isDue = true
    this.#wake?.()
  }

  #pause(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Whether a connection keeps the process from ending: not while it only listens. Its types do not know. */
function hold(client: Client, isHeld: boolean): void {
  const act: unknown = Reflect.get(client, isHeld ? 'ref' : 'unref')
  if (typeof act === 'function') Reflect.apply(act, client, [])
}
