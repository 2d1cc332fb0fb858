import type { DatabaseSync } from 'node:sqlite'
import { migrationHash, pendingMigrations, WATCHED_KEY_COLUMNS } from './migration.ts'
import type { DoneMigration, Migration } from './migration.ts'

// The triggers count changes that are made by hand, too: a revocation typed into sqlite3 is seen like any other.
const KEYS = `
CREATE TABLE api_key (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('sk', 'pk')), env TEXT NOT NULL,
  owner TEXT NOT NULL, name TEXT NOT NULL,
  secret_hash_hex TEXT NOT NULL, pepper_version INTEGER NOT NULL, last_four TEXT NOT NULL,
  previous_hash_hex TEXT, previous_pepper_version INTEGER, previous_until_ms INTEGER,
  scopes TEXT NOT NULL, roles TEXT NOT NULL, groups TEXT NOT NULL,
  operations TEXT, cidrs TEXT, origins TEXT, tags TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL, created_by TEXT NOT NULL, expires_at_ms INTEGER,
  rotated_at_ms INTEGER, revoked_at_ms INTEGER, revoked_why TEXT,
  quarantined_at_ms INTEGER, quarantined_why TEXT, exposed_at_ms INTEGER,
  last_used_at_ms INTEGER, first_used_at_ms INTEGER, first_network TEXT, first_agent TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE change_count (what TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO change_count VALUES ('keys', 1);
CREATE TRIGGER key_inserted AFTER INSERT ON api_key
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'keys'; END;
CREATE TRIGGER key_deleted AFTER DELETE ON api_key
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'keys'; END;
CREATE TRIGGER key_updated AFTER UPDATE OF ${WATCHED_KEY_COLUMNS} ON api_key
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'keys'; END;
`

const ADOPT = `
CREATE TABLE adopt_finding (
  api TEXT NOT NULL, operation TEXT NOT NULL, kind TEXT NOT NULL, pointer TEXT NOT NULL,
  sample TEXT NOT NULL, count INTEGER NOT NULL, first_at_ms INTEGER NOT NULL, last_at_ms INTEGER NOT NULL,
  PRIMARY KEY (api, operation, kind, pointer)
) STRICT, WITHOUT ROWID;
CREATE TABLE adopt_graduation (
  api TEXT NOT NULL, operation TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (api, operation)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

const RELATIONS = `
CREATE TABLE relation_tuple (
  tenant TEXT NOT NULL, object TEXT NOT NULL, relation TEXT NOT NULL, subject TEXT NOT NULL,
  PRIMARY KEY (tenant, object, relation, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX relation_set ON relation_tuple (tenant, object, relation, subject) WHERE instr(subject, '#') > 0;
CREATE INDEX relation_subject ON relation_tuple (tenant, subject);
INSERT INTO change_count VALUES ('relations', 1);
CREATE TRIGGER relation_inserted AFTER INSERT ON relation_tuple
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'relations'; END;
CREATE TRIGGER relation_deleted AFTER DELETE ON relation_tuple
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'relations'; END;
CREATE TRIGGER relation_updated AFTER UPDATE ON relation_tuple
  BEGIN UPDATE change_count SET count = count + 1 WHERE what = 'relations'; END;
`

const MIGRATIONS: readonly Migration[] = [
  { name: 'keys', sql: KEYS },
  { name: 'adopt and meta', sql: ADOPT },
  { name: 'relations', sql: RELATIONS },
]

/**
 * Brings the database to this program's version, in one transaction. @returns how many steps were done.
 * Throws `ConfigError` at `store` when it was made by a later version or by other steps; nothing was changed then.
 */
export function migrate(db: DatabaseSync, path: string, nowMs: number): number {
  db.exec('BEGIN IMMEDIATE')
  try {
    const count = migrateInside(db, path, nowMs)
    db.exec('COMMIT')
    return count
  } catch (cause) {
    db.exec('ROLLBACK')
    throw cause
  }
}

function migrateInside(db: DatabaseSync, path: string, nowMs: number): number {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at_ms INTEGER NOT NULL, hash TEXT) STRICT',
  )
  addHashes(db)
  const pending = pendingMigrations(MIGRATIONS, doneSteps(db), path)
  const note = db.prepare('INSERT INTO migration VALUES (?, ?, ?, ?)')
  for (const { version, step } of pending) {
    db.exec(step.sql)
    note.run(version, step.name, nowMs, migrationHash(step))
  }
  return pending.length
}

/** Databases from before hashes were kept: their steps are taken for ours, once. */
function addHashes(db: DatabaseSync): void {
  const columns = db.prepare("SELECT name FROM pragma_table_info('migration')").all()
  if (columns.some(({ name }) => name === 'hash')) return
  db.exec('ALTER TABLE migration ADD COLUMN hash TEXT')
  const note = db.prepare('UPDATE migration SET hash = ? WHERE version = ?')
  for (const [index, step] of MIGRATIONS.entries()) note.run(migrationHash(step), index + 1)
}

function doneSteps(db: DatabaseSync): readonly DoneMigration[] {
  const rows = db.prepare('SELECT version, hash FROM migration ORDER BY version').all()
  return rows.map(({ version, hash }) => ({
    version: Number(version),
    hash: typeof hash === 'string' ? hash : undefined,
  }))
}
