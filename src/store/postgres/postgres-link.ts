import type { ClientConfig, Pool, PoolClient } from 'pg'
import { ConfigError } from '../../base/config-error.ts'
import type { Secret } from '../../base/secret.ts'
import { StoreError } from '../records.ts'
import { parsePostgresUrl } from '../sources/postgres-source.ts'

/** Which database, and how its certificate is checked. */
export interface PostgresTarget {
  /** `postgres://user:password@host:port/database`. */
  readonly url: Secret
  /** PEM of the authorities that may have signed its certificate; those of the system unless said. */
  readonly ca?: string
  /** The server itself refuses what writes. */
  readonly isReadOnly?: boolean
}

/** One row as it comes: texts, numbers, null. */
export type Row = Readonly<Record<string, unknown>>

/** Longest time for a connection, and for the answer to one statement. */
const ANSWER_MS = 2000
/** For statements over whole tables. */
const LONG_MS = 60_000
/** Connections of one pool. */
const MAX_CONNECTIONS = 8
/** Statements that wait for a connection; more are refused at once. */
const MAX_WAITING = 1024
const IDLE_MS = 30_000
/** `int8`, `int4`, `int2`: every number of ours is a safe integer. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23])
/** `unique_violation`. */
const TAKEN = '23505'

/** Runs statements inside a transaction. */
export type Run = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/**
 * The way to one database: a bounded pool, statements bounded in time, errors as `StoreError`. Connections are made
 * when they are needed.
 */
export class PostgresLink {
  readonly #target: PostgresTarget
  /** Why nothing is asked now; the one who watches the database sets it. */
  away: string | undefined
  /** Of the pool; to be set before the first statement. */
  maxConnections: number = MAX_CONNECTIONS
  #pool: Promise<Pool> | undefined

  constructor(target: PostgresTarget) {
    this.#target = target
  }

  /** One statement. Rejects at once while the database is away. */
  async query(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<readonly Row[]> {
    return this.#guard(async (pool) => {
      const asked = { text, values: [...values], ...(name === undefined ? {} : { name }) }
      return (await pool.query<Row>(asked)).rows
    })
  }

  /** Runs `work` as one transaction; what was committed is on the server's disk when this resolves. */
  transact<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#within('BEGIN', work)
  }

  /** As `transact`, but a crash of the server may lose it: no wait for its disk. */
  lazily<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#within('BEGIN; SET LOCAL synchronous_commit = off', work)
  }

  /** As `transact`, over whole tables: each statement may take a minute. */
  slowly<T>(work: (run: Run) => Promise<T>, mode = ''): Promise<T> {
    return this.#within(`BEGIN ${mode}; SET LOCAL statement_timeout = ${LONG_MS}`, work)
  }

  /** Settings of a connection beside the pool. Throws `ConfigError` for an address that is none. */
  get clientSettings(): ClientConfig {
    return clientSettings(this.#target)
  }

  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined)
    this.#pool = undefined
    await pool?.end()
  }

  #within<T>(begin: string, work: (run: Run) => Promise<T>): Promise<T> {
    return this.#guard(async (pool) => {
      const client = await pool.connect()
      const isSlow = begin.includes('statement_timeout')
      try {
        await client.query(begin)
        const result = await work(runOn(client, isSlow ? LONG_MS : ANSWER_MS))
        await client.query('COMMIT')
        client.release()
        return result
      } catch (cause) {
        await rollBack(client)
        throw cause
      }
    })
  }

  async #guard<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    if (this.away !== undefined) throw unavailable(this.away)
    try {
      const pool = await (this.#pool ??= openPool(this.#target, this.maxConnections))
      if (pool.waitingCount >= MAX_WAITING) throw unavailable('too many statements wait')
      return await work(pool)
    } catch (cause) {
      throw asStoreError(cause)
    }
  }
}

function runOn(client: PoolClient, timeoutMs: number): Run {
  return async (text, values = []) => {
    const asked = { text, values: [...values], query_timeout: timeoutMs }
    return (await client.query<Row>(asked)).rows
  }
}

/** A connection that cannot even roll back is given up; the server undoes what it held. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK')
    client.release()
  } catch (broken) {
    client.release(broken instanceof Error ? broken : true)
  }
}

async function openPool(target: PostgresTarget, max: number): Promise<Pool> {
  const { Pool: PoolOf } = await import('pg')
  const pool = new PoolOf({
    ...clientSettings(target),
    max,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
  })
  // A connection that breaks while idle is replaced by the next statement.
  pool.on('error', () => undefined)
  // One that breaks while it works has its statement reject; unheard, its event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

function clientSettings({ url, ca, isReadOnly }: PostgresTarget): ClientConfig {
  const at = parsePostgresUrl(url.reveal(), 'store')
  return {
    host: at.hostname,
    port: at.port === '' ? 5432 : Number(at.port),
    ...(at.username === '' ? {} : { user: decodeURIComponent(at.username) }),
    ...(at.password === '' ? {} : { password: decodeURIComponent(at.password) }),
    database: decodeURIComponent(at.pathname.slice(1)),
    // Encrypted and verified wherever the way leaves this machine (TRN-05).
    ssl: at.isLocal
      ? false
      : { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    statement_timeout: ANSWER_MS,
    lock_timeout: ANSWER_MS,
    idle_in_transaction_session_timeout: 2 * LONG_MS,
    keepAlive: true,
    application_name: 'sallyport',
    // What a server may have switched off, and whose names are looked at: no table or function of others.
    options: `-c synchronous_commit=on -c search_path=sallyport,pg_catalog${isReadOnly === true ? ' -c default_transaction_read_only=on' : ''}`,
    types: { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : asText) },
  }
}

function asText(text: string): string {
  return text
}

function unavailable(detail: string, cause?: unknown): StoreError {
  return new StoreError('unavailable', `the database did not answer: ${detail}`, cause)
}

/** What a caller's own code threw inside a transaction stays what it is; the messages name neither address nor password. */
function asStoreError(cause: unknown): unknown {
  if (cause instanceof StoreError || cause instanceof ConfigError) return cause
  if (!(cause instanceof Error)) return unavailable(String(cause), cause)
  const code = 'code' in cause ? String(cause.code) : undefined
  if (code === TAKEN) return new StoreError('conflict', 'the id is taken', cause)
  if (code === undefined && !FROM_DRIVER.test(cause.message)) return cause
  return unavailable(whatFailed(cause), cause)
}

/** Errors of `pg` that carry no code. */
const FROM_DRIVER = /timeout|timed out|terminated|Connection|connection|pool|Client|closed|SSL|SASL/

/** The text of an error, also of one that is made of several, such as for `localhost`. */
export function whatFailed(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '')
    return cause.errors.map((one) => whatFailed(one)).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
