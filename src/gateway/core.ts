import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Secret } from '../base/secret.ts'
import type { ContentCoding } from '../http/accept-encoding.ts'
import type { Watch } from '../pipeline/control.ts'
import type { Exchange, RequestHead } from '../pipeline/exchange.ts'

/** What goes back to the client in one piece. */
export interface Answer {
  readonly status: number
  /** Flat list of names and values; framing fields are the edge's own. */
  readonly headers: readonly string[]
  readonly body: Buffer | string | undefined
  /** The connection must not be used again (HTTP/1.1: `Connection: close`). */
  readonly close: boolean
}

/** The request goes to the API. */
export interface ForwardVerdict {
  readonly kind: 'forward'
  /** `buffer`: read the whole body (at most `maxBodyBytes`), call `decideBody`. `stream`: pass it on, at most `maxBodyBytes`. */
  readonly body: 'none' | 'buffer' | 'stream'
  readonly maxBodyBytes: number
  /** Both ways flow at once and at their own pace (gRPC): silence is normal, only the length is limited. */
  readonly isDuplex?: boolean
}

/** What the edge does after the request head was judged. */
export type HeadVerdict =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | ForwardVerdict
  /** The client asked to switch protocols and may: open a tunnel. */
  | { readonly kind: 'upgrade' }

/** What the edge does after the body was judged. */
export type BodyVerdict =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'forward' }

/** What the edge does after the API's response head was judged. */
export type ResponseVerdict =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Read at most `maxBodyBytes` (more is a failure `response_too_large`), then `decideResponseBody`. */
  | { readonly kind: 'buffer'; readonly maxBodyBytes: number }
  | StreamVerdict

/**
 * Pass the body on as it comes; `answer.body` is `undefined`. `hidesLength`: the API's `Content-Length` is not said,
 * because the body that it counts would have been changed (HEAD). `coded`: where there is room for a coder, this
 * goes out instead.
 */
export interface StreamVerdict {
  readonly kind: 'stream'
  readonly answer: Answer
  readonly hidesLength?: boolean
  readonly coded?: CodedAnswer
  /** Called with every piece before it goes on; `undefined`: it must not, and the answer breaks off (`upstream_leak`). */
  readonly watch?: Watch
}

/** A streamed answer as it goes out compressed: its coding, and the head that says so. */
export interface CodedAnswer {
  readonly coding: ContentCoding
  readonly answer: Answer
}

/** An upstream's answer that was read whole: flat list of fields as they came. */
export interface WholeAnswer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/**
 * Sends a request without a body, outside of any exchange. `undefined`: no whole answer of at most `maxBytes` came, or
 * `signal` said before that nobody wants it. Never rejects.
 */
export type SendWhole = (
  request: UpstreamRequest,
  maxBytes: number,
  signal?: AbortSignal,
) => Promise<WholeAnswer | undefined>

/** The request as it goes to the API; written anew from parsed parts, framing is the edge's own. */
export interface UpstreamRequest {
  /** Key of the upstream in the plan, see `Core.upstreams`. */
  readonly upstream: string
  readonly method: string
  readonly path: string
  /** Flat list of names and values, without framing and hop-by-hop fields. Includes `host`. */
  readonly headers: readonly string[]
  /** The API's answer as a whole may take this long to begin (its response head), in milliseconds. */
  readonly firstByteMs: number
}

/** Why an exchange broke off outside of any control's judgement. */
export type FailureCause =
  | 'client_too_slow' // 408
  | 'body_too_large' // 413
  | 'upstream_refused' // 502
  | 'upstream_protocol' // 502
  | 'upstream_leak' // 502
  | 'upstream_tls' // 502
  | 'upstream_timeout' // 504
  | 'response_too_large' // 502
  | 'overloaded' // 503
  | 'breaker_open' // 503
  | 'decision_timeout' // 503
  | 'defect' // 500

/** One origin, and how connections to it are made. */
export interface UpstreamTarget {
  /** `http://127.0.0.1:3000`, no path. */
  readonly origin: string
  readonly connectMs: number
  /** `h2`: HTTP/2 and nothing else, over TLS by ALPN, over plain TCP with prior knowledge. Default: HTTP/1.1. */
  readonly protocol?: 'h2' | undefined
  /** PEM of the authority to trust; `undefined`: the system's. */
  readonly ca: string | undefined
  /** PEM of what the gateway shows when the origin asks who is calling [TRN-05]. */
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret } | undefined
}

/** When an origin is left alone for a while [RLM-06]. */
export interface BreakerLimits {
  /** Share of failures, 0 to 1, at which it opens. */
  readonly failureRatio: number
  /** Fewer answers than this in `windowMs` open nothing. */
  readonly minimum: number
  readonly windowMs: number
  readonly openMs: number
  /** Requests let through to see whether the origin is back; all must succeed. */
  readonly probes: number
}

/** How an origin is asked whether it is well. */
export interface HealthCheck {
  readonly path: string
  readonly everyMs: number
  readonly timeoutMs: number
}

/** One upstream: origins that serve it alike, and how the edge deals with them. */
export interface UpstreamService {
  /** At least one. A larger `weight` takes more of the load. */
  readonly origins: readonly { readonly target: UpstreamTarget; readonly weight: number }[]
  /** A request that is safe to repeat may be sent once more when no byte of an answer came. */
  readonly retries: boolean
  readonly breaker: BreakerLimits | undefined
  readonly health: HealthCheck | undefined
}

/**
 * The decision core, as an edge drives it: head, body, response head, response body, end.
 * A control that throws in a verdict is answered here. `fail`, `end` and `refuseUnparsed` never throw; where another
 * method throws or rejects, a hook that gives no verdict was defective: the edge answers `fail(exchange, 'defect', …)`.
 * `end` is called exactly once for every exchange that began.
 */
export interface Core {
  readonly upstreams: ReadonlyMap<string, UpstreamService>
  begin(head: RequestHead): Exchange
  /** How the core asks the API for itself while this edge serves. @returns how to take it back. */
  attachSender?(send: SendWhole): () => void
  decideHead(exchange: Exchange): MaybePromise<HeadVerdict>
  decideBody(exchange: Exchange, body: Buffer): MaybePromise<BodyVerdict>
  upstreamRequest(exchange: Exchange): UpstreamRequest
  /** `rawHeaders`: flat list as received; nobody changes it afterwards. */
  decideResponseHead(
    exchange: Exchange,
    status: number,
    rawHeaders: readonly string[],
  ): MaybePromise<ResponseVerdict>
  decideResponseBody(exchange: Exchange, body: Buffer): MaybePromise<Answer>
  /** What goes on of the trailers of a streamed body; flat lists. */
  requestTrailers(exchange: Exchange, trailers: readonly string[]): readonly string[]
  responseTrailers(exchange: Exchange, trailers: readonly string[]): readonly string[]
  fail(exchange: Exchange, cause: FailureCause, detail: string): Answer
  end(exchange: Exchange): void
  /**
   * For what the parser of the edge refused: an answer, and an access record where there was no request yet. `begun`:
   * the rest of this one was refused; it is the edge that ends it.
   */
  refuseUnparsed(
    peer: { readonly address: string; readonly port: number },
    status: number,
    detail: string,
    begun?: Exchange,
  ): Answer
}
