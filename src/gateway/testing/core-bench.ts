import type { AnyControl } from '../../controls/kit.ts'
import { routes } from '../../controls/routes/control.ts'
import { target } from '../../controls/target/control.ts'
import { Bench } from '../../controls/testing/bench.ts'
import { exchangeOf } from '../../controls/testing/exchange.ts'
import type { RequestParts } from '../../controls/testing/exchange.ts'
import type { PolicyParts } from '../../controls/testing/policy.ts'
import type { Guard } from '../../pipeline/control.ts'
import type { ReasonSpec } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Omission } from '../../pipeline/proof.ts'
import type { Answer, HeadVerdict, ResponseVerdict, UpstreamRequest } from '../core.ts'
import { GatewayCore } from '../gateway-core.ts'
import type { ExchangeRecorder } from '../gateway-core.ts'
import { compilePlan } from '../plan.ts'
import type { Plan, PlanApi } from '../plan.ts'

/** Two operations under `/v1`: one reads, one takes a body. */
const ORDERS: unknown = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  servers: [{ url: 'https://api.example.com/v1' }],
  paths: {
    '/orders': {
      get: { operationId: 'list', responses: { 200: { description: 'ok' } } },
      post: {
        operationId: 'create',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 201: { description: 'made' } },
      },
    },
    '/live': {
      get: { operationId: 'live', responses: { 101: { description: 'switched' } } },
    },
  },
}

/** What the controls of these tests may say. */
const REASONS: Readonly<Record<string, ReasonSpec>> = {
  no: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
  hidden: { status: 404, problem: 'not_found', title: 'Not found' },
  slow: { status: 429, problem: 'too_many', title: 'Too many' },
  closed: { status: 400, problem: 'malformed', title: 'Malformed', close: true },
  moved: { status: 308, problem: 'moved', title: 'Moved' },
}

/** A control around one guard; of scope `operation` at the stage `validate` unless said. */
export function controlOf(
  guard: Guard | undefined,
  parts: Partial<Omit<AnyControl, 'configure' | 'compile'>> = {},
): AnyControl {
  return {
    name: 'probe',
    ids: [],
    stage: 'validate',
    scope: 'operation',
    block: 'probe',
    adopt: 'enforce',
    onFault: 'deny',
    reasons: REASONS,
    configure: () => ({}),
    compile: (_config, site) =>
      site === undefined && (parts.scope ?? 'operation') === 'operation' ? undefined : guard,
    ...parts,
  }
}

/** Says yes to everybody, so that the door opens. */
export const allow: AnyControl = controlOf(
  {
    onRequest: (exchange) => {
      exchange.authorizedBy = 'allow'
      return undefined
    },
  },
  { name: 'allow', stage: 'authorize', block: 'authorize' },
)

/** The books: what began and what ended. */
export class Books implements ExchangeRecorder {
  beganCount = 0
  readonly ended: Exchange[] = []

  began(): void {
    this.beganCount += 1
  }

  record(exchange: Exchange): void {
    this.ended.push(exchange)
  }
}

/** What a core is made of; everything has a default. */
export interface CoreParts {
  /** Beside `target` and `routes`. */
  readonly controls?: readonly AnyControl[]
  readonly policy?: PolicyParts
  readonly document?: unknown
  readonly api?: Partial<PlanApi>
  readonly omit?: Omission
}

/** A plan of the controls given, on a real document. Throws `ConfigError`. */
export function planOf(parts: CoreParts = {}, id = 'plan'): Plan {
  const bench = new Bench({
    document: parts.document ?? ORDERS,
    ...(parts.policy === undefined ? {} : { policy: parts.policy }),
  })
  const { basePath } = bench.runtime.model
  const api: PlanApi = {
    runtime: bench.runtime,
    publicBase: basePath,
    upstreamBase: basePath,
    upstream: { origins: [], retries: false, breaker: undefined, health: undefined },
    upstreamHost: '127.0.0.1:3000',
    firstByteMs: 15_000,
    ...parts.api,
  }
  return compilePlan({
    id,
    apis: [api],
    controls: [target, routes, ...(parts.controls ?? [allow])],
    basePolicy: bench.policy,
    sites: bench.sites,
    kit: bench.kit,
    ...(parts.omit === undefined ? {} : { omit: parts.omit }),
  })
}

/** A core with its books. */
export function coreOf(parts: CoreParts = {}): {
  readonly core: GatewayCore
  readonly books: Books
} {
  const books = new Books()
  const core = new GatewayCore(planOf(parts), { clock: { nowMs: () => 0 }, recorder: books })
  return { core, books }
}

/** What the API answers. */
export interface ApiAnswer {
  readonly status?: number
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
}

/** How one exchange went. */
export interface Driven {
  readonly exchange: Exchange
  readonly answer: Answer
  readonly head: HeadVerdict
  /** `undefined`: the request went nowhere. */
  readonly forwarded: UpstreamRequest | undefined
  readonly response: ResponseVerdict | undefined
}

/** Drives one exchange to its end, as an edge does; a streamed answer comes back without its body. */
export async function drive(
  core: GatewayCore,
  request: RequestParts & { readonly body?: string } = {},
  api: ApiAnswer = {},
): Promise<Driven> {
  const exchange = core.begin(exchangeOf({ hasBody: request.body !== undefined, ...request }).head)
  const driven = await run(core, { exchange, body: request.body ?? '', api })
  core.end(exchange)
  return { exchange, ...driven }
}

async function run(
  core: GatewayCore,
  { exchange, body, api }: { exchange: Exchange; body: string; api: ApiAnswer },
): Promise<Omit<Driven, 'exchange'>> {
  const head = await core.decideHead(exchange)
  const refused = { head, forwarded: undefined, response: undefined }
  if (head.kind === 'answer') return { answer: head.answer, ...refused }
  if (head.kind === 'forward' && head.body === 'buffer') {
    const judged = await core.decideBody(exchange, Buffer.from(body))
    if (judged.kind === 'answer') return { answer: judged.answer, ...refused }
  }
  const forwarded = core.upstreamRequest(exchange)
  const { status = 200, headers = [], body: sent = '' } = api
  const response = await core.decideResponseHead(exchange, status, headers)
  const answer =
    response.kind === 'buffer'
      ? await core.decideResponseBody(exchange, Buffer.from(sent))
      : response.answer
  return { answer, head, forwarded, response }
}
