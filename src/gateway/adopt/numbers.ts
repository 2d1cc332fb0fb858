/** When an operation is trusted, and how often the books are written. One place for all of them. */
export interface AdoptNumbers {
  /** Authenticated calls with status 2xx or 3xx (on public operations: any) that an operation needs to graduate. */
  readonly calls: number
  /** Calls in a row, of the same kind, that met no finding. */
  readonly quietCalls: number
  /** Milliseconds since its first such call: a burst of one client's calls is no trial. */
  readonly trialMs: number
  /** Milliseconds until what was learnt is written to the store. */
  readonly flushMs: number
  /** The end of the profile is announced from this many milliseconds before. */
  readonly noticeMs: number
  /** Milliseconds between two announcements. */
  readonly noticeEveryMs: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export const ADOPT_NUMBERS: AdoptNumbers = Object.freeze({
  calls: 50,
  quietCalls: 50,
  trialMs: 10 * MINUTE_MS,
  flushMs: 2_000,
  noticeMs: 3 * DAY_MS,
  noticeEveryMs: DAY_MS,
})

/** Findings of one operation that are kept; the rest of the store's limit belongs to the counts. */
export const MAX_FINDINGS = 490
/** Findings of all operations that are kept in memory. */
export const MAX_ALL_FINDINGS = 5_000
