import type { ServerHttp2Session } from 'node:http2'
import { constants } from 'node:http2'
import type { EdgeLimits } from '../exchange/limits.ts'
import type { Swept } from '../exchange/sweeper.ts'
import type { AllowanceSize } from './allowance.ts'
import { Allowance } from './allowance.ts'

/** What a client did too much of; the last: nghttp2 or Node ended the session by itself. */
export type H2AbuseKind = 'resets' | 'pings' | 'settings' | 'overhead' | 'protocol'

/** A session that was ended because of what its client did. */
export interface H2Abuse {
  readonly kind: H2AbuseKind
  readonly peerAddress: string
  /** For the log: numbers, or the code of the error. */
  readonly detail: string
}

/** Who is told of the floods and faults of HTTP/2 clients; nothing here may throw. */
export interface Http2Monitor {
  /** A stream ended by a reset that its client sent or provoked. */
  onReset(): void
  onAbuse(abuse: H2Abuse): void
}

/** Bounds of what a client may do on one session besides asking [WIRE-10]. */
export const H2_ALLOWANCES: Readonly<Record<Exclude<H2AbuseKind, 'protocol'>, AllowanceSize>> = {
  /** Streams that end by a reset which the client sent or provoked (CVE-2023-44487, CVE-2025-8671). */
  resets: { burst: 100, perSecond: 10 },
  /** gRPC clients measure the line with a PING for each piece of an answer: each piece gives one back. */
  pings: { burst: 100, perSecond: 10 },
  settings: { burst: 20, perSecond: 1 },
  /**
   * Bytes on the wire that were no part of a request: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown
   * frames, CONTINUATION of a head that never ends, heads that were too long. Node shows none of these frames; what
   * they have in common is their size.
   */
  overhead: { burst: 65_536, perSecond: 4_096 },
}

/** Frame heads, padding and the fields of HPACK that a request costs beyond the text of its fields. */
const STREAM_BYTES = 128
/** The head of a DATA frame with its padding length. */
const DATA_FRAME_BYTES = 10
/** The WINDOW_UPDATEs (two of 13 bytes) and the PING (17) that a piece of an answer may be met with. */
const PIECE_BYTES = 64
/** Window of a stream: so much of a body may have come that nobody has read yet (RFC 9113 section 6.9.2). */
const WINDOW_BYTES = 65_535

/** A session as its listener knows it. */
export interface OpenSession {
  /** Takes no further request; what is open is finished. */
  end(): void
  /** Ends at once, with what is open. */
  break(): void
}

/** What is counted on one HTTP/2 session, and when it has to end. One timer for all of them: the sweeper's. */
export class SessionGuard implements OpenSession, Swept {
  readonly #session: ServerHttp2Session
  readonly #socket: { readonly bytesRead: number }
  readonly #limits: EdgeLimits
  readonly #onOver: (kind: H2AbuseKind, detail: string) => void
  readonly #onReset: () => void
  readonly #resets = new Allowance(H2_ALLOWANCES.resets)
  readonly #pings = new Allowance(H2_ALLOWANCES.pings)
  readonly #settings = new Allowance(H2_ALLOWANCES.settings)
  readonly #overhead = new Allowance(H2_ALLOWANCES.overhead)
  #explainedBytes = 0
  #countedBytes = 0
  #requests = 0
  #openStreams = 0
  #startedMs = 0
  #sweptMs = 0
  #idleMs = 0
  /** See `Swept`. */
  sweepIndex = -1

  constructor(
    session: ServerHttp2Session,
    socket: { readonly bytesRead: number },
    plan: {
      readonly limits: EdgeLimits
      /** Called once, before the session is ended. */
      readonly onOver: (kind: H2AbuseKind, detail: string) => void
      /** Called for each stream that its client reset or had reset. */
      readonly onReset: () => void
    },
  ) {
    this.#session = session
    this.#socket = socket
    this.#limits = plan.limits
    this.#onOver = plan.onOver
    this.#onReset = plan.onReset
    session.on('ping', () => this.#spend('pings', this.#pings))
    session.on('remoteSettings', () => this.#spend('settings', this.#settings))
  }

  /** A request began; `headBytes`: its fields as HTTP/1.1 would write them. */
  opened(headBytes: number, hasBody: boolean): void {
    this.#requests++
    this.#openStreams++
    this.#idleMs = 0
    this.#explainedBytes += headBytes + STREAM_BYTES + (hasBody ? WINDOW_BYTES : 0)
    // GOAWAY: what is open is finished, the client connects anew. In the next turn, because Node can name no later stream
    // than those it has read, and more of them may have come with this one.
    if (this.#requests === this.#limits.requestsPerConnection)
      setImmediate(() => this.#session.close())
  }

  /** A piece of a request body was read. */
  received(bytes: number): void {
    this.#explainedBytes += bytes + DATA_FRAME_BYTES
  }

  /** Trailers came. */
  receivedTrailers(bytes: number): void {
    this.#explainedBytes += bytes + STREAM_BYTES
  }

  /** A body was read to its end: nothing of it waits in a buffer. */
  receivedAll(): void {
    this.#explainedBytes -= WINDOW_BYTES
  }

  /** A piece of an answer was handed over. */
  sent(): void {
    this.#explainedBytes += PIECE_BYTES
    this.#pings.spend(-1)
  }

  /** A stream ended. `isReset`: because of its client. */
  closed(isReset: boolean): void {
    this.#openStreams--
    if (!isReset || this.#session.destroyed) return
    this.#onReset()
    this.#spend('resets', this.#resets)
  }

  /** Takes no further request; what is open is finished. */
  end(): void {
    this.#session.close()
  }

  /** Ends at once, with what is open. */
  break(): void {
    this.#session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
  }

  sweep(nowMs: number): void {
    if (this.#startedMs === 0) {
      this.#startedMs = nowMs
      this.#sweptMs = nowMs
    }
    const elapsedMs = nowMs - this.#sweptMs
    this.#sweptMs = nowMs
    for (const allowance of [this.#resets, this.#pings, this.#settings, this.#overhead])
      allowance.refill(elapsedMs)
    this.#countBytes()
    this.#retire(nowMs)
  }

  #countBytes(): void {
    const unexplained = this.#socket.bytesRead - this.#explainedBytes
    // What was granted in advance is not lost where it was more than came so far.
    if (unexplained <= this.#countedBytes) return
    const fresh = unexplained - this.#countedBytes
    this.#countedBytes = unexplained
    this.#spend('overhead', this.#overhead, fresh)
  }

  /** Tells an old or idle session to go; with a stream open, the stream's own deadlines decide. */
  #retire(nowMs: number): void {
    const { sessionAgeMs, sessionIdleMs, headersMs } = this.#limits
    if (nowMs - this.#startedMs >= sessionAgeMs) this.#session.close()
    if (this.#openStreams > 0) return
    if (this.#idleMs === 0) this.#idleMs = nowMs
    // Until the first request a session is only a promise of one.
    if (nowMs - this.#idleMs < (this.#requests === 0 ? headersMs : sessionIdleMs)) return
    this.#idleMs = nowMs
    if (this.#session.closed) this.#session.destroy()
    else this.#session.close()
  }

  #spend(kind: Exclude<H2AbuseKind, 'protocol'>, allowance: Allowance, amount = 1): void {
    if (allowance.spend(amount) || this.#session.destroyed) return
    const { burst, perSecond } = H2_ALLOWANCES[kind]
    this.#onOver(kind, `more than ${burst} and ${perSecond} per second`)
    this.#session.destroy(new Error(`too many ${kind}`), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}
