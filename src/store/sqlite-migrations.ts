import type { DatabaseSync } from 'node:sqlite'

/** One step forward; steps are never changed or removed once released. */
interface Migration {
  readonly name: string
  readonly sql: string
}

/** Columns whose change must be seen by every process; the ones `touch` writes are left out. */
const WATCHED = [
  'kind env owner name secret_hash_hex pepper_version last_four',
  'previous_hash_hex previous_pepper_version previous_until_ms',
  'scopes roles groups operations cidrs origins tags created_at_ms created_by expires_at_ms',
  'rotated_at_ms revoked_at_ms revoked_why quarantined_at_ms quarantined_why exposed_at_ms',
]
  .join(' ')
  .replaceAll(' ', ', ')

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
CREATE TRIGGER key_updated AFTER UPDATE OF ${WATCHED} ON api_key
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
 * Brings the database to this program's version, in one transaction.
 * @returns `newer` when the database was made by a later version; nothing was changed then.
 */
export function migrate(db: DatabaseSync, nowMs: number): 'done' | 'newer' {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = migrateInside(db, nowMs)
    db.exec('COMMIT')
    return result
  } catch (cause) {
    db.exec('ROLLBACK')
    throw cause
  }
}

function migrateInside(db: DatabaseSync, nowMs: number): 'done' | 'newer' {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT',
  )
  const version = Number(
    db.prepare('SELECT max(version) AS version FROM migration').get()?.['version'] ?? 0,
  )
  if (version > MIGRATIONS.length) return 'newer'
  const note = db.prepare('INSERT INTO migration VALUES (?, ?, ?)')
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue
    db.exec(step.sql)
    note.run(index + 1, step.name, nowMs)
  }
  return 'done'
}
