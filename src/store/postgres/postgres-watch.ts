import type { Client } from 'pg'
import { StoreError } from '../records.ts'
import { whatFailed } from './postgres-link.ts'
import type { PostgresLink } from './postgres-link.ts'

/** What changes are counted of. */
export type Watched = 'keys' | 'relations'

/** Without a word of the server it is asked this often; what another node revoked is known within it and a time-out. */
const POLL_MS = 2000
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
    if (this.#link.away === undefined) return
    this.#link.away = undefined
    this.#onState(undefined)
  }

  #lost(cause: string): void {
    const wasAway = this.#link.away !== undefined
    this.#link.away = cause
    if (!wasAway && !this.#isClosed) this.#onState(cause)
  }

  #due(): void {
    this.#isDue = true
    this.#wake?.()
  }

  #pause(ms: number): Promise<void> {
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
