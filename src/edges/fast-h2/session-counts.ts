import { Allowance } from '../http2/allowance.ts'
import { H2_ALLOWANCES } from '../http2/session-guard.ts'
import type { H2AbuseKind } from '../http2/session-guard.ts'

type Counted = Exclude<H2AbuseKind, 'protocol'>

/** What a request may cost on the wire beyond the text of its fields. */
const STREAM_BYTES = 128
/** The WINDOW_UPDATEs (two of 13 bytes) and the PING (17) that a piece of an answer may be met with. */
const PIECE_BYTES = 64

/** Counts what a client does on one connection besides asking [WIRE-10], against the bounds of every HTTP/2 session. */
export class SessionCounts {
  readonly #onOver: (kind: Counted, detail: string) => void
  readonly #resets = new Allowance(H2_ALLOWANCES.resets)
  readonly #pings = new Allowance(H2_ALLOWANCES.pings)
  readonly #settings = new Allowance(H2_ALLOWANCES.settings)
  readonly #overhead = new Allowance(H2_ALLOWANCES.overhead)

  /** `onOver`: something was too much; may be called again until the session has ended. */
  constructor(onOver: (kind: Counted, detail: string) => void) {
    this.#onOver = onOver
  }

  reset(): void {
    this.#spend('resets', this.#resets, 1)
  }

  ping(): void {
    this.#spend('pings', this.#pings, 1)
  }

  settings(): void {
    this.#spend('settings', this.#settings, 1)
  }

  /** Bytes that were no part of a request. */
  overhead(bytes: number): void {
    this.#spend('overhead', this.#overhead, bytes)
  }

  /** A head of so many bytes on the wire, frames included, held fields of so many bytes. */
  head(wireBytes: number, fieldBytes: number): void {
    const beyond = wireBytes - fieldBytes - STREAM_BYTES
    if (beyond > 0) this.overhead(beyond)
  }

  /** A piece of an answer was sent: the client may have something to say to it. */
  sent(): void {
    this.#pings.spend(-1)
    this.#overhead.spend(-PIECE_BYTES)
  }

  /** Time passed. */
  refill(elapsedMs: number): void {
    for (const allowance of [this.#resets, this.#pings, this.#settings, this.#overhead])
      allowance.refill(elapsedMs)
  }

  #spend(kind: Counted, allowance: Allowance, amount: number): void {
    if (allowance.spend(amount)) return
    const { burst, perSecond } = H2_ALLOWANCES[kind]
    this.#onOver(kind, `more than ${burst} and ${perSecond} per second`)
  }
}
