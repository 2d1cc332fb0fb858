import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { GenerationMap } from '../../store/generation-map.ts'
import type { KeyVersions } from '../../store/shared/key-versions.ts'

/** Values that are remembered. */
const MAX_REMEMBERED = 20_000
/** Questions of one thread that are under way at once. */
const MAX_UNDER_WAY = 4096

interface Remembered {
  readonly value: string | undefined
  readonly untilMs: number
  readonly slot: number
  readonly stamp: number
}

/** How long an answer is remembered, and waited for. */
export interface FoundTimes {
  readonly cacheMs: number
  readonly missMs: number
  readonly timeoutMs: number
}

/** A question: its name in the cache, and the id that it is about. */
export interface FoundKey {
  readonly key: string
  readonly id: string
}

/**
 * What look-ups have found, for a while, bounded. An id that was forgotten by any thread is forgotten by all that share
 * the versions; an answer that was on its way then is used and not kept. The same question is not asked twice at once.
 */
export class FoundValues {
  readonly #versions: KeyVersions
  readonly #nowMs: () => number
  readonly #values = new GenerationMap<Remembered>(MAX_REMEMBERED)
  readonly #underWay = new Map<string, Promise<string | undefined>>()

  constructor(versions: KeyVersions, nowMs: () => number) {
    this.#versions = versions
    this.#nowMs = nowMs
  }

  /** The remembered value, or what `ask` finds. Throws or rejects as `ask` does, and where it takes too long. */
  get(
    { key, id }: FoundKey,
    times: FoundTimes,
    ask: () => MaybePromise<string | undefined>,
  ): MaybePromise<string | undefined> {
    const slot = this.#slotOf(id)
    const stamp = this.#versions.stampOf(slot)
    const known = this.#values.get(key)
    if (known !== undefined && known.stamp === stamp && this.#nowMs() < known.untilMs)
      return known.value
    // What was asked before a change is not the answer to a question after it.
    const question = `${stamp}\n${key}`
    const asked = this.#underWay.get(question)
    if (asked !== undefined) return asked
    if (this.#underWay.size >= MAX_UNDER_WAY) throw new Error('too many look-ups are under way')
    const found = ask()
    const keep = (value: string | undefined): string | undefined => {
      const ms = value === undefined ? times.missMs : times.cacheMs
      if (ms > 0) this.#values.set(key, { value, untilMs: this.#nowMs() + ms, slot, stamp })
      return value
    }
    if (!isPromise(found)) return keep(found)
    const waited = within(found, times.timeoutMs)
      .finally(() => this.#underWay.delete(question))
      .then(keep)
    this.#underWay.set(question, waited)
    return waited
  }

  /** Whatever was found for an id may be wrong from here on. */
  forget(id: string): void {
    this.#versions.changed(nameOf(id))
  }

  #slotOf(id: string): number {
    return this.#versions.slotOf(nameOf(id))
  }
}

/** Shares the versions of keys without being one. */
function nameOf(id: string): string {
  return `object ${id}`
}

async function within<T>(found: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error(`no answer within ${timeoutMs} ms`))
    timer = setTimeout(fail, timeoutMs).unref()
  })
  try {
    return await Promise.race([found, late])
  } finally {
    clearTimeout(timer)
  }
}
