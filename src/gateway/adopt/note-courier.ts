import type { Exchange } from '../../pipeline/exchange.ts'
import type { ExchangeLedger } from '../gateway-core.ts'
import type { Plan } from '../plan.ts'
import { NoteReader } from './notes.ts'
import type { AdoptNote } from './notes.ts'

const FLUSH_MS = 100
const BATCH = 256
/** Notes that wait; what comes beyond is not told. */
const MAX_WAITING = 10_000

/** Takes notes in a thread that serves, to the one that keeps the books. */
export class NoteCourier implements ExchangeLedger {
  readonly #deliver: (notes: readonly AdoptNote[]) => void
  readonly #onFault: (error: unknown) => void
  readonly #reader = new NoteReader()
  #waiting: AdoptNote[] = []
  #timer: NodeJS.Timeout | undefined

  /** `onFault` is told when an exchange cannot be read. */
  constructor(deliver: (notes: readonly AdoptNote[]) => void, onFault: (error: unknown) => void) {
    this.#deliver = deliver
    this.#onFault = onFault
  }

  setPlan(plan: Plan): void {
    this.#reader.setPlan(plan)
  }

  note(exchange: Exchange): void {
    try {
      const note = this.#reader.read(exchange)
      if (note === undefined || this.#waiting.length >= MAX_WAITING) return
      this.#waiting.push(note)
    } catch (error) {
      this.#onFault(error)
      return
    }
    if (this.#waiting.length >= BATCH) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  /** Delivers what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const notes = this.#waiting
    this.#waiting = []
    this.#deliver(notes)
  }
}
