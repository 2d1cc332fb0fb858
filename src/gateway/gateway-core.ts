import { HeaderTable } from '../http/header-table.ts'
import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Clock } from '../base/clock.ts'
import type { Watch } from '../pipeline/control.ts'
import type { Exchange, RequestHead, UpstreamResponse } from '../pipeline/exchange.ts'
import { runHooks } from '../pipeline/runner.ts'
import type { Refusal } from '../pipeline/runner.ts'
import { answerTable } from './answer-table.ts'
import { refusalAnswer } from './answer.ts'
import type { HookLists } from './compile-hooks.ts'
import type {
  Answer,
  BodyVerdict,
  Core,
  FailureCause,
  HeadVerdict,
  ResponseVerdict,
  SendWhole,
  StreamVerdict,
  UpstreamRequest,
  UpstreamService,
} from './core.ts'
import { failureRefusal } from './failures.ts'
import type { Plan, SitePlan } from './plan.ts'
import { PlannedExchange } from './planned-exchange.ts'
import { requestHeaders, upstreamPath } from './forward.ts'
import { decompressed } from './content-coding.ts'
import { codedStream, codedWhole } from './answer-coding.ts'
import { finalAnswer, hidesBody, isBodyless, streamAnswer } from './respond.ts'
import type { BodyBytes } from './respond.ts'
import { passedTrailers } from './trailers.ts'

/** What keeps the books: told of every exchange once, at its end. */
export interface ExchangeRecorder {
  began(): void
  record(exchange: Exchange): void
}

/** What learns from exchanges while an API is being adopted; told of every exchange at its end. Must not throw. */
export interface ExchangeLedger {
  note(exchange: Exchange): void
}

/** Most of a response that is read whole: OUT-08. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024
const EMPTY = Buffer.alloc(0)
const FORWARD_BODY: BodyVerdict = Object.freeze({ kind: 'forward' })
const UPGRADE: HeadVerdict = Object.freeze({ kind: 'upgrade' })
const BUFFER_RESPONSE: ResponseVerdict = Object.freeze({
  kind: 'buffer',
  maxBodyBytes: MAX_RESPONSE_BYTES,
})

/** The decision core of a running gateway: a plan that can be swapped, and the books. */
export class GatewayCore implements Core {
  readonly #clock: Clock
  readonly #recorder: ExchangeRecorder
  readonly #ledger: ExchangeLedger | undefined
  readonly #senders = new Set<SendWhole>()
  #plan: Plan
  #upstreams: ReadonlyMap<string, UpstreamService>

  constructor(
    plan: Plan,
    deps: {
      readonly clock: Clock
      readonly recorder: ExchangeRecorder
      readonly ledger?: ExchangeLedger
    },
  ) {
    this.#plan = plan
    this.#upstreams = servicesOf(plan)
    this.#clock = deps.clock
    this.#recorder = deps.recorder
    this.#ledger = deps.ledger
  }

  get plan(): Plan {
    return this.#plan
  }

  get upstreams(): ReadonlyMap<string, UpstreamService> {
    return this.#upstreams
  }

  /** From here on new exchanges run under `plan`; those under way finish under theirs. */
  swap(plan: Plan): void {
    this.#plan = plan
    this.#upstreams = servicesOf(plan)
  }

  begin(head: RequestHead): Exchange {
    this.#recorder.began()
    const parts = { plan: this.#plan, senders: this.#senders }
    return new PlannedExchange(parts, head, this.#clock.nowMs())
  }

  attachSender(send: SendWhole): () => void {
    this.#senders.add(send)
    return () => void this.#senders.delete(send)
  }

  decideHead(exchange: Exchange): MaybePromise<HeadVerdict> {
    const { plan } = exchange as PlannedExchange
    const refusal = runHooks(plan.entry.request, exchange, undefined)
    if (isPromise(refusal)) return refusal.then((found) => this.#afterEntry(exchange, found))
    return this.#afterEntry(exchange, refusal)
  }

  #afterEntry(exchange: Exchange, refusal: Refusal | undefined): MaybePromise<HeadVerdict> {
    if (refusal !== undefined) return answered(this.#refuse(exchange, refusal))
    const sitePlan = planOf(exchange)
    if (sitePlan === undefined)
      return answered(this.#refuse(exchange, failureRefusal('defect', 'routing decided nothing')))
    const next = runHooks(sitePlan.hooks.request, exchange, undefined)
    if (isPromise(next)) return next.then((found) => this.#afterHead(exchange, sitePlan, found))
    return this.#afterHead(exchange, sitePlan, next)
  }

  #afterHead(
    exchange: Exchange,
    sitePlan: SitePlan,
    refusal: Refusal | undefined,
  ): MaybePromise<HeadVerdict> {
    if (refusal !== undefined) return answered(this.#refuse(exchange, refusal))
    if (isUpgrade(exchange, sitePlan)) return UPGRADE
    const maxBodyBytes = sitePlan.site.policy.validate.maxBodyBytes
    if (exchange.head.hasBody) {
      return sitePlan.isDuplex
        ? { kind: 'forward', body: 'stream', maxBodyBytes, isDuplex: true }
        : { kind: 'forward', body: sitePlan.bodyMode, maxBodyBytes }
    }
    if (sitePlan.bodyMode === 'stream') return NO_BODY
    return this.#withoutBody(exchange, sitePlan)
  }

  /** Body guards judge an absent body too: it may be required. */
  #withoutBody(exchange: Exchange, sitePlan: SitePlan): MaybePromise<HeadVerdict> {
    const refusal = runHooks(sitePlan.hooks.body, exchange, EMPTY)
    if (isPromise(refusal)) {
      return refusal.then((found) =>
        found === undefined ? NO_BODY : answered(this.#refuse(exchange, found)),
      )
    }
    return refusal === undefined ? NO_BODY : answered(this.#refuse(exchange, refusal))
  }

  decideBody(exchange: Exchange, body: Buffer): MaybePromise<BodyVerdict> {
    exchange.bytesIn = body.length
    exchange.bodyBytes = body
    const { body: hooks } = this.#hooks(exchange)
    const refusal = runHooks(hooks, exchange, body)
    if (isPromise(refusal)) return refusal.then((found) => this.#bodyVerdict(exchange, found))
    return this.#bodyVerdict(exchange, refusal)
  }

  #bodyVerdict(exchange: Exchange, refusal: Refusal | undefined): MaybePromise<BodyVerdict> {
    return refusal === undefined ? FORWARD_BODY : answered(this.#refuse(exchange, refusal))
  }

  upstreamRequest(exchange: Exchange): UpstreamRequest {
    const sitePlan = planOf(exchange) as SitePlan
    const { api } = sitePlan
    return {
      upstream: api.runtime.model.name,
      method: exchange.upstreamMethod ?? exchange.head.method,
      path: upstreamPath(exchange, api),
      headers: requestHeaders(exchange, sitePlan),
      firstByteMs: api.firstByteMs,
    }
  }

  decideResponseHead(
    exchange: Exchange,
    status: number,
    rawHeaders: readonly string[],
  ): MaybePromise<ResponseVerdict> {
    exchange.upstream = { status, headers: answerTable(rawHeaders) }
    const refusal = runHooks(this.#hooks(exchange).response, exchange, exchange.upstream)
    if (isPromise(refusal)) return refusal.then((found) => this.#responseVerdict(exchange, found))
    return this.#responseVerdict(exchange, refusal)
  }

  #responseVerdict(
    exchange: Exchange,
    refusal: Refusal | undefined,
  ): MaybePromise<ResponseVerdict> {
    if (refusal !== undefined) return answered(this.#refuse(exchange, refusal))
    const response = exchange.upstream
    const sitePlan = planOf(exchange)
    if (response === undefined || sitePlan === undefined) {
      return answered(this.#refuse(exchange, failureRefusal('defect', 'no response')))
    }
    if (exchange.replacement !== undefined) {
      const { replacement } = exchange
      const bytes = { plain: replacement, sent: replacement }
      return answered(this.#final(exchange, sitePlan, bytes))
    }
    const wants = (hook: HookLists['wantsResponseBody'][number]): boolean =>
      hook(exchange, response)
    const mayChange = sitePlan.hooks.wantsResponseBody.some(wants)
    if (mayChange && !isBodyless(exchange, response)) return BUFFER_RESPONSE
    const isJudged = sitePlan.hooks.wantsResponseBody.length > 0
    const hidesLength = isJudged && hidesBody(exchange, response, mayChange)
    const answer = streamAnswer(exchange, sitePlan, { response, isHidden: hidesLength })
    const verdict: StreamVerdict = sitePlan.compresses
      ? codedStream(exchange, sitePlan, { answer, hidesLength })
      : { kind: 'stream', answer, hidesLength }
    const { watchesResponse } = sitePlan.hooks
    return watchesResponse.length === 0 ? verdict : watched(verdict, exchange, watchesResponse)
  }

  decideResponseBody(exchange: Exchange, body: Buffer): MaybePromise<Answer> {
    const plain = decompressed(exchange, body, MAX_RESPONSE_BYTES)
    if (plain === undefined) return this.fail(exchange, 'upstream_protocol', 'content coding')
    const refusal = runHooks(this.#hooks(exchange).responseBody, exchange, plain)
    const bytes = { plain, sent: body }
    if (isPromise(refusal)) return refusal.then((found) => this.#respond(exchange, bytes, found))
    return this.#respond(exchange, bytes, refusal)
  }

  #respond(
    exchange: Exchange,
    bytes: BodyBytes,
    refusal: Refusal | undefined,
  ): MaybePromise<Answer> {
    if (refusal !== undefined) return this.#refuse(exchange, refusal)
    return this.#final(exchange, planOf(exchange) as SitePlan, bytes)
  }

  #final(exchange: Exchange, sitePlan: SitePlan, bytes: BodyBytes): MaybePromise<Answer> {
    const answer = finalAnswer(exchange, sitePlan, bytes)
    return sitePlan.compresses ? codedWhole(exchange, sitePlan, answer) : answer
  }

  requestTrailers(exchange: Exchange, trailers: readonly string[]): readonly string[] {
    const sitePlan = planOf(exchange)
    return sitePlan === undefined ? [] : passedTrailers(trailers, sitePlan.keepsRequestHeader)
  }

  responseTrailers(exchange: Exchange, trailers: readonly string[]): readonly string[] {
    const sitePlan = planOf(exchange)
    return sitePlan === undefined ? [] : passedTrailers(trailers, sitePlan.keepsResponseHeader)
  }

  fail(exchange: Exchange, cause: FailureCause, detail: string): Answer {
    const refusal = failureRefusal(cause, detail)
    noteFailure(exchange, refusal)
    return refusalAnswer(exchange, this.#hooks(exchange), refusal)
  }

  end(exchange: Exchange): void {
    for (const hook of this.#hooks(exchange).end) {
      try {
        hook(exchange)
      } catch (error) {
        exchange.events.push({
          name: 'sp_control_fault',
          level: 'critical',
          control: 'end',
          reason: 'fault',
          detail: String(error),
        })
      }
    }
    this.#recorder.record(exchange)
    this.#ledger?.note(exchange)
  }

  refuseUnparsed(
    peer: { address: string; port: number },
    status: number,
    detail: string,
    begun?: Exchange,
  ): Answer {
    const exchange = begun ?? this.begin(unparsedHead(peer))
    if (begun === undefined) exchange.clientAddress = peer.address
    const refusal = unparsedRefusal(status, detail)
    noteFailure(exchange, refusal)
    const answer = refusalAnswer(exchange, this.#hooks(exchange), refusal)
    if (begun === undefined) this.end(exchange)
    return answer
  }

  #hooks(exchange: Exchange): HookLists {
    return planOf(exchange)?.hooks ?? (exchange as PlannedExchange).plan.entry
  }

  /** Turns a refusal into an answer, after the guards that may put another in its place. */
  #refuse(exchange: Exchange, refusal: Refusal): MaybePromise<Answer> {
    const hooks = this.#hooks(exchange)
    if (hooks.refusal.length === 0) return this.#answerTo(exchange, hooks, refusal)
    const other = runHooks(hooks.refusal, exchange, refusal)
    if (isPromise(other))
      return other.then((found) => this.#answerTo(exchange, hooks, found ?? refusal))
    return this.#answerTo(exchange, hooks, other ?? refusal)
  }

  /** What does not exist and what must not be told from it have one face: no field of an operation (CONTROLS 2.0). */
  #answerTo(exchange: Exchange, hooks: HookLists, refusal: Refusal): Answer {
    if ((refusal.denial.status ?? refusal.spec.status) !== 404)
      return refusalAnswer(exchange, hooks, refusal)
    exchange.answerHeaders.length = 0
    return refusalAnswer(exchange, (exchange as PlannedExchange).plan.entry, refusal)
  }
}

const NO_BODY: HeadVerdict = Object.freeze({ kind: 'forward', body: 'none', maxBodyBytes: 0 })

function answered(answer: MaybePromise<Answer>): MaybePromise<{ kind: 'answer'; answer: Answer }> {
  if (isPromise(answer)) return answer.then((found) => ({ kind: 'answer', answer: found }))
  return { kind: 'answer', answer }
}

function planOf(exchange: Exchange): SitePlan | undefined {
  const { site } = exchange
  return site === undefined ? undefined : (exchange as PlannedExchange).plan.sites[site.index]
}

function servicesOf(plan: Plan): ReadonlyMap<string, UpstreamService> {
  return new Map([...plan.apis].map(([name, api]) => [name, api.upstream]))
}

/** The verdict with everybody's look at the body, where somebody has one. */
function watched(
  verdict: StreamVerdict,
  exchange: Exchange,
  hooks: HookLists['watchesResponse'],
): StreamVerdict {
  const response = exchange.upstream as UpstreamResponse
  const watches = hooks.flatMap((hook) => hook(exchange, response) ?? [])
  if (watches.length === 0) return verdict
  const watch: Watch = (chunk, isLast) => {
    let left: Buffer | undefined = chunk
    for (const one of watches) left = left && one(left, isLast)
    return left
  }
  return { ...verdict, watch }
}

/** A protocol switch is asked for and the document declares it: a 101 response. */
function isUpgrade(exchange: Exchange, { site }: SitePlan): boolean {
  if (!site.operation.responses.has('101') || exchange.head.method !== 'GET') return false
  return exchange.head.headers.get('upgrade')?.toLowerCase() === 'websocket'
}

function noteFailure(exchange: Exchange, { control, denial, spec }: Refusal): void {
  exchange.decision = {
    control,
    reason: denial.reason,
    status: spec.status,
    detail: denial.detail,
    errors: undefined,
  }
  if (spec.event === undefined) return
  exchange.events.push({
    name: spec.event,
    level: spec.level ?? 'warn',
    control,
    reason: denial.reason,
    detail: denial.detail ?? '',
  })
}

function unparsedHead(peer: { address: string; port: number }): RequestHead {
  return {
    method: '',
    rawTarget: '',
    httpVersion: '',
    headers: new HeaderTable([]),
    authority: undefined,
    peerAddress: peer.address,
    peerPort: peer.port,
    listener: 'https',
    tls: undefined,
    hasBody: false,
  }
}

function unparsedRefusal(status: number, detail: string): Refusal {
  return {
    control: 'wire',
    denial: { reason: 'unparsed', detail },
    spec: {
      status,
      problem: 'malformed_message',
      title: 'Malformed message',
      event: 'sp_protocol_violation',
      close: true,
    },
  }
}
