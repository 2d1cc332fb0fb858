import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { riskKeys } from '../controls/risk-book.ts'
import type { Ban } from '../controls/risk-book.ts'
import type { Counters } from '../store/counters.ts'

/** A response in force, for whoever shows it. */
export type ListedBan = Ban

/** Most responses that are remembered; the oldest go first. */
const MAX_BANS = 10_000

/**
 * The responses that the threads of this process gave, for people who look and lift. What is in force is said by the
 * counters, which other nodes share: a response that was lifted elsewhere is not listed here.
 */
export class BanList {
  readonly #bans = new Map<string, Ban>()

  note(ban: Ban): void {
    const key = keyOf(ban)
    this.#bans.delete(key)
    this.#bans.set(key, ban)
    if (this.#bans.size <= MAX_BANS) return
    const [oldest] = this.#bans.keys()
    if (oldest !== undefined) this.#bans.delete(oldest)
  }

  /** What is in force now, the latest first. */
  async list(counters: Counters, nowMs: number): Promise<readonly Ban[]> {
    for (const [key, { untilMs }] of this.#bans) if (untilMs <= nowMs) this.#bans.delete(key)
    const all = [...this.#bans.values()].toReversed()
    const found = await Promise.all(all.map(async (ban) => counters.isBanned(keyOf(ban), nowMs)))
    return all.filter((_ban, index) => found[index] !== undefined)
  }

  /** Forgets every response to a subject and its score, for all threads and nodes, whoever gave it. */
  lift(subject: string, counters: Counters): MaybePromise<void> {
    for (const [key, ban] of this.#bans) if (ban.subject === subject) this.#bans.delete(key)
    return riskKeys(subject).reduce<MaybePromise<void>>(
      (before, key) => andThen(before, () => counters.reset(key)),
      undefined,
    )
  }
}

function keyOf({ grade, subject }: Ban): string {
  return `risk-${grade}:${subject}`
}
