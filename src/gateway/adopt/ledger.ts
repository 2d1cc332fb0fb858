import type { Clock } from '../../base/clock.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { AdoptFinding, AdoptRecords } from '../../store/records.ts'
import type { LifecycleEvent } from '../../telemetry/security-events.ts'
import type { Plan } from '../plan.ts'
import type { Learnt } from './findings-of.ts'
import { NO_OPERATION } from './kinds.ts'
import type { AdoptNumbers } from './numbers.ts'
import { ADOPT_NUMBERS, MAX_ALL_FINDINGS } from './numbers.ts'
import type { AdoptNote } from './notes.ts'
import { NoteReader } from './notes.ts'
import { OperationBook } from './operation-book.ts'

/** What the ledger needs of the gateway. */
export interface LedgerDeps {
  readonly records: AdoptRecords
  readonly clock: Clock
  readonly numbers?: Partial<AdoptNumbers>
  emit(event: LifecycleEvent): void
  /** Called after operations graduated, so that the plan is compiled anew. */
  onGraduated(): Promise<void>
}

/** Rows of undeclared paths that are kept at first sight; later ones must come a third time. */
const FREE_PATHS = 250
const MAX_CANDIDATES = 1_000

/**
 * The books of adoption: what traffic says about the document, by operation. Told of every exchange at its end; writes
 * to the store apart from traffic. A store that is away costs nothing but time: what was not written is kept.
 */
export class AdoptLedger {
  readonly #deps: LedgerDeps
  readonly #numbers: AdoptNumbers
  readonly #books = new Map<string, OperationBook>()
  readonly #strangers = new OperationBook(NO_OPERATION.api, NO_OPERATION.operation)
  /** Undeclared paths that were seen too rarely, with their counts; the oldest go first. */
  readonly #candidates = new Map<string, number>()
  readonly #reader = new NoteReader()
  #plan: Plan | undefined
  #isLoaded = false
  #isStoreAway = false
  #findings = 0
  #hasOverflown = false
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined

  constructor(deps: LedgerDeps) {
    this.#deps = deps
    this.#numbers = { ...ADOPT_NUMBERS, ...deps.numbers }
  }

  /** From here on exchanges run under this plan. */
  setPlan(plan: Plan): void {
    this.#plan = plan
    this.#reader.setPlan(plan)
  }

  /** Takes note of an exchange that ended. Never throws, never waits. */
  note(exchange: Exchange): void {
    try {
      const note = this.#reader.read(exchange)
      if (note !== undefined) this.#apply(note)
    } catch (error) {
      this.#fault('note', error)
    }
  }

  /** Takes note of what another thread read off an exchange. Never throws. */
  apply(note: AdoptNote): void {
    try {
      this.#apply(note)
    } catch (error) {
      this.#fault('note', error)
    }
  }

  #apply(note: AdoptNote): void {
    if (note.kind === 'stranger') this.#stranger(note.learnt)
    else this.#call(note)
  }

  #call({ api, operation, isGood, learnt }: Extract<AdoptNote, { readonly kind: 'call' }>): void {
    const book = this.#book(api, operation)
    const nowMs = this.#deps.clock.nowMs()
    const before = book.size
    const hasRoom = this.#findings < MAX_ALL_FINDINGS
    let lost: number
    if (isGood) {
      lost = book.goodCall(nowMs, learnt, hasRoom)
    } else {
      book.call(nowMs)
      lost = book.note(learnt, nowMs, hasRoom)
    }
    this.#findings += book.size - before
    if (lost > 0) this.#overflow()
    this.#flushSoon()
  }

  #stranger(learnt: Learnt): void {
    if (!this.#strangers.has(learnt) && this.#strangers.size >= FREE_PATHS) {
      if (!this.#isFrequent(`${learnt.kind} ${learnt.pointer}`)) return
    }
    this.#strangers.note([learnt], this.#deps.clock.nowMs(), true)
    this.#flushSoon()
  }

  /** Scanners ask for thousands of paths once each; clients come back. */
  #isFrequent(key: string): boolean {
    const count = (this.#candidates.get(key) ?? 0) + 1
    this.#candidates.delete(key)
    if (count >= 3) return true
    this.#candidates.set(key, count)
    const [oldest] = this.#candidates.keys()
    if (this.#candidates.size > MAX_CANDIDATES && oldest !== undefined)
      this.#candidates.delete(oldest)
    return false
  }

  #book(api: string, operation: string): OperationBook {
    if (api === NO_OPERATION.api) return this.#strangers
    const key = `${api}\n${operation}`
    const known = this.#books.get(key)
    if (known !== undefined) return known
    const book = new OperationBook(api, operation)
    this.#books.set(key, book)
    return book
  }

  /** Told once: what was found until then is enough to see that the document is far off. */
  #overflow(): void {
    if (this.#hasOverflown) return
    this.#hasOverflown = true
    this.#deps.emit({
      name: 'sp_adopt_overflow',
      level: 'warn',
      control: 'adopt',
      reason: 'too_many_findings',
    })
  }

  /** Operations that are not enforced yet and whose last calls still differed from the document. */
  openOperations(): number {
    const sites = this.#plan?.sites.filter(({ site }) => site.policy.adopt !== undefined) ?? []
    return sites.filter(({ site: { operation } }) =>
      this.#books.get(`${operation.api}\n${operation.id}`)?.hasOpenFindings(this.#numbers),
    ).length
  }

  /** Reads what earlier processes wrote. Does not reject: what cannot be read is tried again at the next write. */
  async load(): Promise<void> {
    try {
      await this.#load()
    } catch (error) {
      this.#storeAway(error)
    }
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return
    const stored = await this.#deps.records.list()
    for (const finding of stored) this.#book(finding.api, finding.operation).restore(finding)
    this.#findings = [...this.#books.values()].reduce((sum, book) => sum + book.size, 0)
    this.#isLoaded = true
  }

  #flushSoon(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => void this.flush(), this.#numbers.flushMs)
    this.#timer.unref()
  }

  /** Writes what was learnt, then lets operations graduate that are ripe. Does not reject. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined))
    return this.#flushing
  }

  async #flush(): Promise<void> {
    try {
      await this.#load()
      await this.#write()
      this.#isStoreAway = false
      await this.#graduate()
    } catch (error) {
      this.#storeAway(error)
      this.#flushSoon()
    }
  }

  async #write(): Promise<void> {
    const taken = [this.#strangers, ...this.#books.values()].map((book) => book.takeUnwritten())
    const findings: readonly AdoptFinding[] = taken.flatMap((one) => one.findings)
    if (findings.length === 0) return
    try {
      await this.#deps.records.merge(findings)
    } catch (error) {
      for (const { giveBack } of taken) giveBack()
      throw error
    }
  }

  async #graduate(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs()
    const sites = this.#plan?.sites ?? []
    const ripe = sites.flatMap(({ site: { operation, policy } }) => {
      const book = this.#books.get(`${operation.api}\n${operation.id}`)
      const isRipe = policy.adopt !== undefined && book?.isRipe(nowMs, this.#numbers) === true
      return isRipe && !book.isGraduating ? [book] : []
    })
    for (const book of ripe) {
      const { api, operation } = book
      await this.#deps.records.graduate({ api, operation, atMs: nowMs })
      book.isGraduating = true
      this.#deps.emit({
        name: 'sp_adopt_graduated',
        level: 'info',
        control: 'adopt',
        reason: 'quiet',
        detail: `${operation} is enforced from now on`,
        facts: { api, operation, calls: book.goodCalls },
      })
    }
    if (ripe.length > 0) await this.#deps.onGraduated()
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.#flushing
    if (this.#timer !== undefined) await this.flush()
    clearTimeout(this.#timer)
  }

  /** Told once, until the store answers again. */
  #storeAway(error: unknown): void {
    if (!this.#isStoreAway) this.#fault('store', error)
    this.#isStoreAway = true
  }

  #fault(reason: 'note' | 'store', error: unknown): void {
    this.#deps.emit({
      name: reason === 'store' ? 'sp_dependency_down' : 'sp_control_fault',
      level: 'warn',
      control: 'adopt',
      reason,
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}
