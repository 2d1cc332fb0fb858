import type {
  Answer,
  BodyVerdict,
  Core,
  FailureCause,
  HeadVerdict,
  ResponseVerdict,
  UpstreamRequest,
  UpstreamService,
  UpstreamTarget,
} from '../../gateway/core.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isHopByHop } from '../../http/hop-by-hop.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import { Exchange } from '../../pipeline/exchange.ts'

const STATUS: Readonly<Record<FailureCause, number>> = {
  client_too_slow: 408,
  body_too_large: 413,
  upstream_refused: 502,
  upstream_protocol: 502,
  upstream_leak: 502,
  upstream_tls: 502,
  upstream_timeout: 504,
  response_too_large: 502,
  overloaded: 503,
  breaker_open: 503,
  decision_timeout: 503,
  defect: 500,
}

/** A core for tests of the edge alone: forwards everything, remembers what it was told, and can be bent per test. */
export class FakeCore implements Core {
  upstreams: ReadonlyMap<string, UpstreamService>
  readonly ended: Exchange[] = []
  readonly failures: { readonly cause: FailureCause; readonly detail: string }[] = []
  readonly unparsed: {
    readonly status: number
    readonly detail: string
    readonly begun?: Exchange
  }[] = []
  firstByteMs = 2_000
  head: (exchange: Exchange) => MaybePromise<HeadVerdict> = (exchange) => ({
    kind: 'forward',
    body: exchange.head.hasBody ? 'stream' : 'none',
    maxBodyBytes: 1_000_000,
  })
  body: (exchange: Exchange, body: Buffer) => MaybePromise<BodyVerdict> = () => ({
    kind: 'forward',
  })
  response: (status: number, headers: readonly string[]) => MaybePromise<ResponseVerdict> = (
    status,
    headers,
  ) => ({ kind: 'stream', answer: answerOf(status, headers) })
  responseBody: (exchange: Exchange, body: Buffer) => MaybePromise<Answer> = (_exchange, body) => ({
    status: 200,
    headers: ['x-buffered', 'yes'],
    body,
    close: false,
  })
  #count = 0

  constructor(origin: string, more: Partial<UpstreamTarget> = {}) {
    this.upstreams = new Map([
      ['main', serviceOf({ origin, connectMs: 500, ca: undefined, ...more })],
    ])
  }

  /** Exchanges so far. */
  get begun(): number {
    return this.#count
  }

  begin(head: RequestHead): Exchange {
    this.#count++
    return new Exchange(`t${this.#count}`, head, Date.now())
  }

  decideHead(exchange: Exchange): MaybePromise<HeadVerdict> {
    return this.head(exchange)
  }

  decideBody(exchange: Exchange, body: Buffer): MaybePromise<BodyVerdict> {
    return this.body(exchange, body)
  }

  upstreamRequest({ head }: Exchange): UpstreamRequest {
    const headers: string[] = []
    for (let i = 0; i < head.headers.size; i++) {
      const name = head.headers.nameAt(i)
      const isFraming = name === 'content-length' || name === 'expect' || isHopByHop(name)
      if (!isFraming) headers.push(name, head.headers.valueAt(i))
    }
    if (!head.headers.has('host')) headers.push('host', head.authority ?? 'upstream')
    const { firstByteMs } = this
    return { upstream: 'main', method: head.method, path: head.rawTarget, headers, firstByteMs }
  }

  decideResponseHead(
    _exchange: Exchange,
    status: number,
    rawHeaders: readonly string[],
  ): MaybePromise<ResponseVerdict> {
    return this.response(status, rawHeaders)
  }

  decideResponseBody(exchange: Exchange, body: Buffer): MaybePromise<Answer> {
    return this.responseBody(exchange, body)
  }

  requestTrailers(_exchange: Exchange, trailers: readonly string[]): readonly string[] {
    return trailers
  }

  responseTrailers(_exchange: Exchange, trailers: readonly string[]): readonly string[] {
    return trailers
  }

  fail(_exchange: Exchange, cause: FailureCause, detail: string): Answer {
    this.failures.push({ cause, detail })
    return {
      status: STATUS[cause],
      headers: ['x-cause', cause],
      body: cause,
      close: STATUS[cause] < 500,
    }
  }

  end(exchange: Exchange): void {
    this.ended.push(exchange)
  }

  refuseUnparsed(_peer: unknown, status: number, detail: string, begun?: Exchange): Answer {
    this.unparsed.push({ status, detail, ...(begun === undefined ? {} : { begun }) })
    return { status, headers: ['x-unparsed', detail], body: 'refused', close: true }
  }
}

/** An upstream with one origin and nothing laid over it. */
export function serviceOf(target: UpstreamTarget): UpstreamService {
  return { origins: [{ target, weight: 1 }], retries: false, breaker: undefined, health: undefined }
}

/** The upstream's answer without its framing and hop-by-hop fields. */
export function answerOf(status: number, rawHeaders: readonly string[]): Answer {
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (lower !== 'content-length' && !isHopByHop(lower))
      headers.push(name, rawHeaders[i + 1] ?? '')
  }
  return { status, headers, body: undefined, close: false }
}
