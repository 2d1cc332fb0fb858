import type { Exchange } from '../../pipeline/exchange.ts'
import type { Plan } from '../plan.ts'
import { ExpiryNotice } from './expiry-notice.ts'
import { AdoptLedger } from './ledger.ts'
import type { LedgerDeps } from './ledger.ts'
import type { AdoptNote } from './notes.ts'

/** The profile `adopt` of a running gateway: books, graduation, and the announcement of its end. */
export class Adoption {
  readonly #ledger: AdoptLedger
  readonly #notice: ExpiryNotice
  #untilMs: number | undefined
  #isStarted = false

  constructor(deps: LedgerDeps) {
    this.#ledger = new AdoptLedger(deps)
    this.#notice = new ExpiryNotice({
      clock: deps.clock,
      emit: (event) => deps.emit(event),
      openOperations: () => this.#ledger.openOperations(),
      ...(deps.numbers === undefined ? {} : { numbers: deps.numbers }),
    })
  }

  /** The plan in force from here on; `untilMs`: when the profile ends, `undefined` without one. */
  setPlan(plan: Plan, untilMs: number | undefined): void {
    this.#untilMs = untilMs
    this.#ledger.setPlan(plan)
    if (this.#isStarted) this.#notice.follow(untilMs)
  }

  /** Reads the books of earlier processes, then announces what is due. Does not reject. */
  async start(): Promise<void> {
    if (this.#untilMs !== undefined) await this.#ledger.load()
    this.#isStarted = true
    this.#notice.follow(this.#untilMs)
  }

  /** Takes note of an exchange that ended. Never throws. */
  note(exchange: Exchange): void {
    this.#ledger.note(exchange)
  }

  /** Takes note of what another thread read off an exchange. Never throws. */
  apply(note: AdoptNote): void {
    this.#ledger.apply(note)
  }

  /** Operations whose traffic still differs from the document. */
  openOperations(): number {
    return this.#ledger.openOperations()
  }

  /** Writes what was learnt now instead of soon, and lets operations graduate. Does not reject. */
  flush(): Promise<void> {
    return this.#ledger.flush()
  }

  async close(): Promise<void> {
    this.#notice.close()
    await this.#ledger.close()
  }
}
