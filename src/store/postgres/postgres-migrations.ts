import type { Migration } from '../migration.ts'
import { WATCHED_KEY_COLUMNS } from '../migration.ts'

const KEYS = `
CREATE TABLE api_key (
  id text COLLATE "C" PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('sk', 'pk')), env text NOT NULL,
  owner text NOT NULL, name text NOT NULL,
  secret_hash_hex text NOT NULL, pepper_version integer NOT NULL, last_four text NOT NULL,
  previous_hash_hex text, previous_pepper_version integer, previous_until_ms bigint,
  scopes text NOT NULL, roles text NOT NULL, groups text NOT NULL,
  operations text, cidrs text, origins text, tags text NOT NULL,
  created_at_ms bigint NOT NULL, created_by text NOT NULL, expires_at_ms bigint,
  rotated_at_ms bigint, revoked_at_ms bigint, revoked_why text,
  quarantined_at_ms bigint, quarantined_why text, exposed_at_ms bigint,
  last_used_at_ms bigint, first_used_at_ms bigint, first_network text, first_agent text
);
CREATE TABLE change_count (what text PRIMARY KEY, count bigint NOT NULL);
INSERT INTO change_count VALUES ('keys', 1);
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql SET search_path = sallyport, pg_catalog, pg_temp AS $$
BEGIN
  UPDATE change_count SET count = count + 1 WHERE what = TG_ARGV[0];
  PERFORM pg_notify('sallyport', TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER key_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF ${WATCHED_KEY_COLUMNS} ON api_key
  FOR EACH STATEMENT EXECUTE FUNCTION note_change('keys');
`

const ADOPT = `
CREATE TABLE adopt_finding (
  api text COLLATE "C" NOT NULL, operation text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
  pointer text COLLATE "C" NOT NULL, sample text NOT NULL,
  count bigint NOT NULL, first_at_ms bigint NOT NULL, last_at_ms bigint NOT NULL,
  PRIMARY KEY (api, operation, kind, pointer)
);
CREATE TABLE adopt_graduation (
  api text COLLATE "C" NOT NULL, operation text COLLATE "C" NOT NULL, at_ms bigint NOT NULL,
  PRIMARY KEY (api, operation)
);
CREATE TABLE meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
`

const RELATIONS = `
CREATE TABLE relation_tuple (
  tenant text COLLATE "C" NOT NULL, object text COLLATE "C" NOT NULL,
  relation text COLLATE "C" NOT NULL, subject text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, object, relation, subject)
);
CREATE INDEX relation_set ON relation_tuple (tenant, object, relation, subject) WHERE strpos(subject, '#') > 0;
CREATE INDEX relation_subject ON relation_tuple (tenant, subject);
INSERT INTO change_count VALUES ('relations', 1);
CREATE TRIGGER relation_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON relation_tuple
  FOR EACH STATEMENT EXECUTE FUNCTION note_change('relations');
`

/** The steps, numbered from 1 in this order; never changed or removed once released. */
export const POSTGRES_MIGRATIONS: readonly Migration[] = [
  { name: 'keys', sql: KEYS },
  { name: 'adopt and meta', sql: ADOPT },
  { name: 'relations', sql: RELATIONS },
]
