import type { PostgresLink, Run } from './postgres-link.ts'
import type { PostgresWatch, Watched } from './postgres-watch.ts'

/** Writes that others must see: one transaction, whose count this process knows at once. */
export class PostgresChanges {
  readonly #link: PostgresLink
  readonly #watch: PostgresWatch

  constructor(link: PostgresLink, watch: PostgresWatch) {
    this.#link = link
    this.#watch = watch
  }

  /** Runs `work` in a transaction and takes note of the count it leaves. Rejects with `StoreError`. */
  async change<T>(what: Watched, work: (run: Run) => Promise<T>): Promise<T> {
    const { result, count } = await this.#link.transact(async (run) => {
      const result = await work(run)
      const [row] = await run('SELECT count FROM change_count WHERE what = $1', [what])
      return { result, count: Number(row?.['count']) }
    })
    this.#watch.wrote(what, count)
    return result
  }
}
