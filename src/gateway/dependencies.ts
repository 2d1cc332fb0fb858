import type { PlaceDatabase } from '../store/places/place-database.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'
import type { MetricFamily } from '../telemetry/metric-family.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** What requests are refused while a dependency is away (CONTROLS 3.3): those that need it, all, or none. */
export type Closes = 'all' | 'some' | 'nothing'

/** Something this process works with, as it is now. */
export interface Dependency {
  /** `counters`, `store`, `secrets`, `clock`, `log`, `geo`, `configuration`, or `issuer …`, `log …`. */
  readonly name: string
  readonly isUp: boolean
  readonly closes: Closes
}

/** What a thread says of the counters, the store or the room for its log. */
export interface DependencyWord {
  readonly name: 'counters' | 'store' | 'log'
  readonly isUp: boolean
  /** Why it is away. */
  readonly detail?: string
}

/** Whether a thread could fetch the keys of an issuer. */
export interface IssuerWord {
  readonly name: 'issuer'
  readonly iss: string
  readonly isUp: boolean
  /** Why not. */
  readonly detail?: string
}

/** What a thread tells the main one. */
export type ThreadWord = DependencyWord | IssuerWord

/** What is said of an issuer; `cause`: why its keys cannot be had, or nothing: they were fetched. */
export function issuerWord(iss: string, cause: unknown): IssuerWord {
  if (cause === undefined) return { name: 'issuer', iss, isUp: true }
  const detail = cause instanceof Error ? cause.message : 'unknown fault'
  return { name: 'issuer', iss, isUp: false, detail }
}

/** What is said of the store; `cause`: why it is away, or nothing: it is back. */
export function storeWord(cause: string | undefined): DependencyWord {
  return { name: 'store', isUp: cause === undefined, ...(cause !== undefined && { detail: cause }) }
}

/** What is said of the log; `isFull`: nothing has room for what must not be lost. */
export function logWord(isFull: boolean): DependencyWord {
  const detail = 'the reserve of the log is used up'
  return { name: 'log', isUp: !isFull, ...(isFull && { detail }) }
}

const EVENTS = {
  counters: { control: 'limits', reason: 'counters' },
  store: { control: 'authenticate', reason: 'store' },
  log: { control: 'sink', reason: 'log_full' },
} as const

const WARM_MS = 5 * 60_000

/**
 * Knows what this process depends on, from the words of all its threads: one line in the log when the first of them misses
 * something, one when the last has it back.
 */
export class Dependencies {
  readonly #emit: (event: LifecycleEvent) => void
  readonly #up: MetricFamily
  /** Dependency -> threads that miss it. */
  readonly #missedBy = new Map<DependencyWord['name'], Set<string>>()
  readonly #awaySinceMs = new Map<DependencyWord['name'], number>()
  /** Issuers that were told of and not fetched from since, by any thread. */
  readonly #issuersAway = new Set<string>()
  #warmedMs = 0

  constructor(emit: (event: LifecycleEvent) => void, metrics: Pick<Metrics, 'gauge'>) {
    this.#emit = emit
    this.#up = metrics.gauge('sallyport_dependency_up', 'Whether a dependency answers.', [
      'dependency',
    ])
  }

  isUp(name: DependencyWord['name']): boolean {
    return (this.#missedBy.get(name)?.size ?? 0) === 0
  }

  /** For how long it has been missed, in milliseconds; 0 where it is not. */
  awayForMs(name: DependencyWord['name']): number {
    const sinceMs = this.#awaySinceMs.get(name)
    return sinceMs === undefined ? 0 : performance.now() - sinceMs
  }

  /** `thread`: who says so; unsaid: the main one. */
  hear(word: ThreadWord, thread = 'main'): void {
    if (word.name === 'issuer') return this.#hearIssuer(word)
    const { name, isUp, detail } = word
    const missedBy = this.#missedBy.get(name) ?? new Set()
    this.#missedBy.set(name, missedBy)
    const wasUp = missedBy.size === 0
    if (isUp) missedBy.delete(thread)
    else missedBy.add(thread)
    const isUpNow = missedBy.size === 0
    if (isUpNow === wasUp) return
    if (isUpNow) this.#awaySinceMs.delete(name)
    else this.#awaySinceMs.set(name, performance.now())
    this.show([{ name, isUp: isUpNow }])
    const event = EVENTS[name]
    if (isUpNow) return this.#emit({ ...event, name: 'sp_dependency_up', level: 'info' })
    const why = detail === undefined ? {} : { detail }
    this.#emit({ ...event, ...why, name: 'sp_dependency_down', level: 'critical' })
  }

  /** The thread is no more. */
  forget(thread: string): void {
    for (const name of this.#missedBy.keys()) this.hear({ name, isUp: true }, thread)
  }

  /** Whether it is time to look for the keys of issuers again, where anybody asks. */
  isWarmDue(nowMs: number): boolean {
    if (nowMs - this.#warmedMs < WARM_MS) return false
    this.#warmedMs = nowMs
    return true
  }

  /**
   * The database of countries that is in force: one that cannot be read makes rules about countries refuse, and whoever
   * wonders why finds it here.
   */
  hearPlaces(places: PlaceDatabase | undefined, nowMs: number): void {
    if (places === undefined || places.isUsable(nowMs)) return
    this.#emit({
      name: 'sp_dependency_down',
      level: 'warn',
      control: 'network',
      reason: 'geo_database',
      detail: `${places.path}: ${places.fault ?? 'too old to decide by'}`,
    })
  }

  /** Writes into the metrics how they are. */
  show(states: readonly Pick<Dependency, 'name' | 'isUp'>[]): void {
    for (const { name, isUp } of states) this.#up.cell(name).value = isUp ? 1 : 0
  }

  /** A thread that nobody sends tokens to never fetches again: one that could is enough. */
  #hearIssuer({ iss, isUp, detail = '' }: IssuerWord): void {
    if (isUp !== this.#issuersAway.has(iss)) return
    const event = { control: 'authenticate', reason: 'issuer_keys' }
    if (isUp) {
      this.#issuersAway.delete(iss)
      return this.#emit({ ...event, name: 'sp_dependency_up', level: 'info', detail: iss })
    }
    this.#issuersAway.add(iss)
    this.#emit({ ...event, name: 'sp_dependency_down', level: 'warn', detail: `${iss}: ${detail}` })
  }
}
