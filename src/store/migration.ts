import { createHash } from 'node:crypto'
import { ConfigError } from '../base/config-error.ts'

/** One step forward; steps are never changed or removed once released. */
export interface Migration {
  readonly name: string
  readonly sql: string
}

/** A step that a database says was done. `hash`: not known of databases from before it was kept. */
export interface DoneMigration {
  readonly version: number
  readonly hash: string | undefined
}

/** Columns of keys whose change must be seen by every process; the ones `touch` writes are left out. */
export const WATCHED_KEY_COLUMNS: string = [
  'kind env owner name secret_hash_hex pepper_version last_four',
  'previous_hash_hex previous_pepper_version previous_until_ms',
  'scopes roles groups operations cidrs origins tags created_at_ms created_by expires_at_ms',
  'rotated_at_ms revoked_at_ms revoked_why quarantined_at_ms quarantined_why exposed_at_ms',
]
  .join(' ')
  .replaceAll(' ', ', ')

/** What is remembered of a step that was done: 64 hexadecimal digits over its statements. */
export function migrationHash({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex')
}

/**
 * The steps that are still to be done, with their numbers. `store` stands in messages.
 * Throws `ConfigError` at `store` when the database was written by a later version, or when a step that was done is not
 * the one of that number here: what its tables look like is not known then.
 */
export function pendingMigrations(
  steps: readonly Migration[],
  done: readonly DoneMigration[],
  store: string,
): readonly { readonly version: number; readonly step: Migration }[] {
  for (const { version, hash } of done) {
    const step = steps[version - 1]
    if (step === undefined)
      throw new ConfigError({
        path: 'store',
        message: `${store} was written by a later version of Sallyport (step ${version}, known are ${steps.length})`,
        cure: 'run the version that wrote it, or a later one',
      })
    if (hash !== undefined && hash !== migrationHash(step))
      throw new ConfigError({
        path: 'store',
        message: `${store}: step ${version} (${step.name}) is not the one that this version knows`,
        cure: 'run the version that wrote it, or restore a backup of it into an empty store',
      })
  }
  const known = new Set(done.map(({ version }) => version))
  return steps
    .map((step, index) => ({ version: index + 1, step }))
    .filter(({ version }) => !known.has(version))
}
