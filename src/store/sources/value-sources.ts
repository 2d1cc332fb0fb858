import { openSqliteSource } from './sqlite-source.ts'
import { PostgresSource } from './postgres-source.ts'
import type { SourceSettings, ValueSource } from './source.ts'

/** Sources that outlive a reload: those of the same settings are the same. */
export class ValueSources {
  readonly #sources = new Map<string, ValueSource>()

  /** Throws `ConfigError` at `at` where a file or a query cannot be used. */
  open(settings: SourceSettings, at: string): ValueSource {
    const key = JSON.stringify(settings)
    const known = this.#sources.get(key)
    if (known !== undefined) return known
    const made =
      settings.kind === 'sqlite' ? openSqliteSource(settings, at) : new PostgresSource(settings)
    this.#sources.set(key, made)
    return made
  }

  /** Closes all of them. Never rejects. */
  async close(): Promise<void> {
    const open = [...this.#sources.values()]
    this.#sources.clear()
    await Promise.allSettled(open.map(async (source) => source.close()))
  }
}
