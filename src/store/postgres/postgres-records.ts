import { ConfigError } from '../../base/config-error.ts'
import type { Records, StoreRole } from '../records.ts'
import { PostgresAdopt, PostgresMeta } from './postgres-adopt.ts'
import { PostgresChanges } from './postgres-changes.ts'
import { PostgresKeys } from './postgres-keys.ts'
import { PostgresLink, whatFailed } from './postgres-link.ts'
import type { PostgresTarget } from './postgres-link.ts'
import { migratePostgres } from './postgres-migrate.ts'
import { PostgresRelations } from './postgres-relations.ts'
import { PostgresWatch } from './postgres-watch.ts'

/**
 * Records in one PostgreSQL database, in the schema `sallyport`. Every method answers later; none waits longer than
 * about 2 s, and none is asked while the database is known to be away. To be opened before use.
 */
export class PostgresRecords implements Records {
  readonly keys: PostgresKeys
  readonly adopt: PostgresAdopt
  readonly meta: PostgresMeta
  readonly relations: PostgresRelations
  readonly #link: PostgresLink
  readonly #watch: PostgresWatch
  readonly #nowMs: number
  /** Steps that were done when it was opened. */
  migrated = 0
  #listener: (cause: string | undefined) => void = () => undefined

  /** `nowMs` goes into the list of migrations. */
  constructor(target: PostgresTarget, nowMs: number) {
    this.#nowMs = nowMs
    this.#link = new PostgresLink(target)
    this.#watch = new PostgresWatch(this.#link, (cause) => this.#listener(cause))
    const changes = new PostgresChanges(this.#link, this.#watch)
    this.keys = new PostgresKeys(this.#link, changes, this.#watch)
    this.adopt = new PostgresAdopt(this.#link)
    this.meta = new PostgresMeta(this.#link)
    this.relations = new PostgresRelations(this.#link, changes, this.#watch)
  }

  async open(role: StoreRole = 'owner'): Promise<void> {
    if (role === 'reader') this.#link.maxConnections = READER_CONNECTIONS
    try {
      if (role === 'owner')
        this.migrated = await migratePostgres(this.#link.clientSettings, this.#nowMs)
      await this.#watch.start()
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause
      throw new ConfigError({
        path: 'store',
        message: `the database cannot be used: ${whatFailed(cause)}`,
        cure: 'see that PostgreSQL runs, that the address is right and that this user may log in',
      })
    }
  }

  changeToken(): number {
    return this.#watch.count('keys')
  }

  onAway(listener: (cause: string | undefined) => void): void {
    this.#listener = listener
  }

  /** The way to the database, for what works on the whole of it. */
  get link(): PostgresLink {
    return this.#link
  }

  async close(): Promise<void> {
    this.#listener = () => undefined
    await this.#watch.close()
    await this.#link.close()
  }
}

/** A thread that serves only looks up what it has not seen yet. */
const READER_CONNECTIONS = 3
