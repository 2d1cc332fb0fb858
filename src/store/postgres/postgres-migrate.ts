import type { Client, ClientConfig } from 'pg'
import { ConfigError } from '../../base/config-error.ts'
import { migrationHash, pendingMigrations } from '../migration.ts'
import { POSTGRES_MIGRATIONS } from './postgres-migrations.ts'

/** Of all programs on this database, only ours locks this number: `SALP`. */
const LOCK = 0x53_41_4c_50
/** Nodes that start at once wait for the first of them. */
const WAIT_MS = 60_000
/** The oldest version that its makers still mend when this was written. */
const OLDEST = 140_000

/**
 * Brings the database to this program's version: one node after another, all steps or none. @returns how many steps
 * were done. Throws `ConfigError` at `store` for a database that cannot be ours; rejects with what the server says.
 */
export async function migratePostgres(settings: ClientConfig, nowMs: number): Promise<number> {
  const { Client: ClientOf } = await import('pg')
  const client = new ClientOf({
    ...settings,
    query_timeout: WAIT_MS,
    statement_timeout: WAIT_MS,
    lock_timeout: WAIT_MS,
  })
  // The statement on its way rejects.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await refuseUnfit(client)
    return await migrateInside(client, nowMs)
  } finally {
    // A connection that is closed takes its transaction with it.
    await client.end().catch(() => undefined)
  }
}

async function refuseUnfit(client: Client): Promise<void> {
  const { rows } = await client.query<Record<string, string>>(
    `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding,
      pg_is_in_recovery()::text AS recovering`,
  )
  const { version, encoding, recovering } = rows[0] ?? {}
  const refuse = (message: string, cure: string): never => {
    throw new ConfigError({ path: 'store', message, cure })
  }
  if (Number(version) < OLDEST)
    refuse(`PostgreSQL ${version} is too old`, 'run PostgreSQL 14 or later')
  if (encoding !== 'UTF8')
    refuse(`the database is in ${encoding}`, "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0")
  if (recovering === 'true')
    refuse('the database is a standby, which cannot be written', 'name the primary')
}

async function migrateInside(client: Client, nowMs: number): Promise<number> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
  await makeList(client)
  const { rows } = await client.query<{ version: number; hash: string }>(
    'SELECT version, hash FROM migration ORDER BY version',
  )
  const pending = pendingMigrations(POSTGRES_MIGRATIONS, rows, 'the database')
  for (const { version, step } of pending) {
    await client.query(step.sql)
    const done = [version, step.name, nowMs, migrationHash(step)]
    await client.query('INSERT INTO migration VALUES ($1, $2, $3, $4)', done)
  }
  await client.query('COMMIT')
  return pending.length
}

/** Asked first: a user that may not make schemas can still use one that is there. */
async function makeList(client: Client): Promise<void> {
  const { rows } = await client.query<{ found: string | null }>(
    "SELECT to_regclass('sallyport.migration')::text AS found",
  )
  if (rows[0]?.found != null) return
  await client.query('CREATE SCHEMA IF NOT EXISTS sallyport')
  await client.query(
    'CREATE TABLE migration (version integer PRIMARY KEY, name text NOT NULL, at_ms bigint NOT NULL, hash text NOT NULL)',
  )
}
