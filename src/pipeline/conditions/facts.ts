import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Exchange } from '../exchange.ts'

/** Whether somebody stands in a relation to an object, in the words of one tenant (empty: of callers without one). */
export interface RelationQuestion {
  readonly tenant: string
  readonly object: string
  readonly relation: string
  readonly subject: string
}

/** Finds a value by an id; `undefined`: there is none. Throws or rejects where the source does not answer. */
export type FindValue = (exchange: Exchange, id: string) => MaybePromise<string | undefined>

/** What conditions may ask of others than the request itself. */
export interface ConditionFacts {
  /** `undefined`: nobody can tell within the bounds of a check. Throws or rejects where the store does not answer. */
  relation(question: RelationQuestion): MaybePromise<boolean | undefined>
  /** The names of `authorize.lookups`. */
  readonly lookupNames: readonly string[]
  /** The look-up of a name that is one of these. Throws `ConfigError` at `at` where it cannot be done here. */
  lookup(name: string, at: string): FindValue
}

/** What was asked for one exchange. */
interface Asked {
  readonly known: Map<string, unknown>
  readonly pending: Map<string, Promise<void>>
  count: number
  /** Why a source did not answer; `undefined` while all have. */
  fault: string | undefined
}

const ASKED = new WeakMap<Exchange, Asked>()

/** Most facts that are asked for one exchange. */
const MAX_FACTS = 2000
/** How often a judgement is taken up again: each time, all that it asked for is known. */
const MAX_ROUNDS = 8

function askedFor(exchange: Exchange): Asked {
  const found = ASKED.get(exchange)
  if (found !== undefined) return found
  const made: Asked = { known: new Map(), pending: new Map(), count: 0, fault: undefined }
  ASKED.set(exchange, made)
  return made
}

/**
 * The value of a fact. `undefined`: it has none, it is not known yet, or its source failed; whoever judges tells these
 * apart by `judgedWithFacts`. Never throws.
 */
export function askFact<T>(
  exchange: Exchange,
  key: string,
  ask: () => MaybePromise<T | undefined>,
): T | undefined {
  const asked = askedFor(exchange)
  if (asked.known.has(key)) return asked.known.get(key) as T | undefined
  if (asked.pending.has(key)) return undefined
  asked.count++
  if (asked.count > MAX_FACTS) {
    asked.fault = `more than ${MAX_FACTS} facts are asked for`
    return undefined
  }
  try {
    const found = ask()
    if (!isPromise(found)) return found
    asked.pending.set(key, settle(found, key, asked))
  } catch (cause) {
    asked.fault = faultText(cause)
  }
  return undefined
}

async function settle(found: Promise<unknown>, key: string, asked: Asked): Promise<void> {
  try {
    asked.known.set(key, await found)
  } catch (cause) {
    asked.fault = faultText(cause)
  }
  asked.pending.delete(key)
}

function faultText(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 300)
}

/** How many facts an exchange waits for. */
export function openFacts(exchange: Exchange): number {
  return ASKED.get(exchange)?.pending.size ?? 0
}

/** A judgement that may be unfinished because of facts. */
export interface FactJudgement<T> {
  /** Judges with what is known; what it asks for counts as not holding. */
  readonly judge: () => T
  /** Whether a result stands whatever the facts are. */
  readonly isFinal: (result: T) => boolean
  /** What becomes of it where a source does not answer; `detail` is for the log. */
  readonly unknown: (detail: string) => T
}

/** Judges, and again each time that what was asked for is known. Synchronous where all sources are. Never rejects. */
export function judgedWithFacts<T>(
  exchange: Exchange,
  judgement: FactJudgement<T>,
): MaybePromise<T> {
  return round(exchange, judgement, MAX_ROUNDS)
}

function round<T>(exchange: Exchange, judgement: FactJudgement<T>, left: number): MaybePromise<T> {
  const before = ASKED.get(exchange)
  // What failed for another rule may have been of no account there.
  if (before !== undefined) before.fault = undefined
  const result = judgement.judge()
  const asked = ASKED.get(exchange)
  if (asked === undefined || judgement.isFinal(result)) return result
  if (asked.fault !== undefined) return judgement.unknown(asked.fault)
  if (asked.pending.size === 0) return result
  if (left === 0) return judgement.unknown('facts that ask for facts without end')
  return Promise.all(asked.pending.values()).then(() => {
    const { fault } = asked
    return fault === undefined ? round(exchange, judgement, left - 1) : judgement.unknown(fault)
  })
}
