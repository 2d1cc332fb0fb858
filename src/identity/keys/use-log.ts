import { isPromise } from '../../base/maybe-promise.ts'
import type { KeyRecords, KeyUse } from '../../store/records.ts'

const MINUTE_MS = 60_000
/** Uses held while the store does not take them; beyond it new ones are not noted (the key still works). */
const MAX_PENDING = 100_000

/** Where a key was seen for the first time. */
export interface UseContext {
  readonly network: string
  readonly agent: string
}

/**
 * Remembers when keys were used, to the minute, and writes them together at most once a minute, after the request.
 * No timer: a use starts the write. What is not written when the process dies is lost.
 */
export class UseLog {
  readonly #keys: KeyRecords
  #pending = new Map<string, KeyUse>()
  #flushedMs = -Infinity
  #isScheduled = false

  constructor(keys: KeyRecords) {
    this.#keys = keys
  }

  /** Notes one use. `context` counts for a key that was never used before. */
  note(id: string, nowMs: number, context: UseContext | undefined): void {
    if (this.#pending.size < MAX_PENDING || this.#pending.has(id)) {
      const usedAtMs = nowMs - (nowMs % MINUTE_MS)
      const first = this.#pending.get(id)
      this.#pending.set(id, {
        id,
        usedAtMs,
        firstNetwork: first?.firstNetwork ?? context?.network,
        firstAgent: first?.firstAgent ?? context?.agent.slice(0, 200),
      })
    }
    if (this.#isScheduled || nowMs - this.#flushedMs < MINUTE_MS) return
    this.#isScheduled = true
    this.#flushedMs = nowMs
    setImmediate(() => {
      this.#isScheduled = false
      void this.flush()
    })
  }

  /** The last use that is not written yet; 0 for none. */
  pendingMs(id: string): number {
    return this.#pending.get(id)?.usedAtMs ?? 0
  }

  /** Writes what is pending. Never rejects: uses the store did not take are kept for the next time. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return
    const batch = this.#pending
    this.#pending = new Map()
    try {
      const done = this.#keys.touch([...batch.values()])
      if (isPromise(done)) await done
    } catch {
      // Not worth a refused request: the state of the store shows at the next read of a key.
      for (const [id, use] of batch) if (!this.#pending.has(id)) this.#pending.set(id, use)
    }
  }
}
