import type { Pool, PoolConfig } from 'pg'
import { ConfigError } from '../../base/config-error.ts'
import { StoreError } from '../records.ts'
import type { SourceSettings, ValueSource } from './source.ts'

type PostgresSettings = Extract<SourceSettings, { kind: 'postgres' }>

/** Connections of one source. */
const MAX_CONNECTIONS = 4
/** Questions that wait for a connection; more are refused at once. */
const MAX_WAITING = 4096
const IDLE_MS = 30_000

/** Class 22 of SQLSTATE, data exception: the id is none for the column, such as `x` for a number. */
const NO_SUCH_ID = /^22/

/**
 * Reads from PostgreSQL with a fixed query: the id is sent beside it, never in it. Sessions are read-only and bounded
 * in time. A connection is made at the first question, so that a database that is away stops no start.
 */
export class PostgresSource implements ValueSource {
  readonly #settings: PostgresSettings
  #pool: Promise<Pool> | undefined

  constructor(settings: PostgresSettings) {
    this.#settings = settings
  }

  async find(id: string): Promise<string | undefined> {
    try {
      const pool = await (this.#pool ??= openPool(this.#settings))
      if (pool.waitingCount >= MAX_WAITING) throw new Error('too many questions wait')
      const { rows, fields } = await pool.query<unknown[]>({
        text: this.#settings.query,
        values: [id],
        rowMode: 'array',
        types: { getTypeParser: () => asText },
      })
      if (fields.length !== 1) throw new Error('the query returns more than one column')
      const [row, more] = rows
      const value = more === undefined ? row?.[0] : undefined
      return typeof value === 'string' && value !== '' ? value : undefined
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
      if (NO_SUCH_ID.test(code)) return undefined
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new StoreError('unavailable', `the database did not answer: ${detail}`, cause)
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool
    this.#pool = undefined
    await pool?.end()
  }
}

/** Texts come as the server wrote them: no number is rounded on the way. */
function asText(text: string): string {
  return text
}

async function openPool(settings: PostgresSettings): Promise<Pool> {
  const { Pool: PoolOf } = await import('pg')
  const pool = new PoolOf(poolSettings(settings))
  // A connection that breaks while idle is replaced by the next question.
  pool.on('error', () => undefined)
  return pool
}

/** What a URL says, with bounds. Throws `ConfigError` for a URL that names no database. */
export function poolSettings({ url, timeoutMs }: PostgresSettings): PoolConfig {
  const { hostname, port, username, password, pathname, isLocal } = parsePostgresUrl(url, '')
  return {
    host: hostname,
    port: port === '' ? 5432 : Number(port),
    ...(username === '' ? {} : { user: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    database: decodeURIComponent(pathname.slice(1)),
    // Encrypted and verified wherever the way leaves this machine (TRN-05).
    ssl: isLocal ? false : { rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    application_name: 'sallyport',
    options: '-c default_transaction_read_only=on',
  }
}

interface PostgresUrl extends Pick<
  URL,
  'hostname' | 'port' | 'username' | 'password' | 'pathname'
> {
  /** The database is on this machine. */
  readonly isLocal: boolean
}

/** Reads `postgres://user:password@host:port/database`. Throws `ConfigError` at `at`, which never repeats the text. */
export function parsePostgresUrl(text: string, at: string): PostgresUrl {
  const url = URL.parse(text)
  const isRead =
    url !== null && /^postgres(?:ql)?:$/.test(url.protocol) && /^\/[^/]+$/.test(url.pathname)
  if (!isRead || url.hostname === '' || url.search !== '' || url.hash !== '')
    throw new ConfigError({
      path: at,
      message: 'is no address of a PostgreSQL database',
      cure: 'write postgres://user:password@host:5432/database, without parameters',
    })
  const { port, username, password, pathname } = url
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/.test(hostname)
  return { hostname, port, username, password, pathname, isLocal }
}
