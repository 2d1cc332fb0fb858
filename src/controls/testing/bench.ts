import { FakeClock } from '../../base/clock.ts'
import { HeaderTable } from '../../http/header-table.ts'
import { DataKeys } from '../../identity/data-keys/data-keys.ts'
import type { KeyRequest } from '../../identity/keys/key-request.ts'
import type { IssuedKey } from '../../identity/keys/admin.ts'
import { KeyService } from '../../identity/keys/service.ts'
import { parseKeySet } from '../../identity/tokens/key-set.ts'
import { SigningKeys } from '../../identity/signing/signing-keys.ts'
import { SealingKeys } from '../../identity/wrapped/sealing-keys.ts'
import { WrappedTokens } from '../../identity/wrapped/wrapped-tokens.ts'
import { TokenService } from '../../identity/tokens/service.ts'
import {
  AUD,
  claimsAt,
  forge,
  HEADER,
  ISS,
  keySetDocument,
} from '../../identity/tokens/testing/token-forge.ts'
import { createDecodeDeps } from '../../openapi/decode/contract.ts'
import { loadApi } from '../../openapi/load-api.ts'
import { SchemaCompiler } from '../../openapi/schema/compiler.ts'
import type { Finding } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import { modeOf } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { runHooks } from '../../pipeline/runner.ts'
import type { Hook, Refusal } from '../../pipeline/runner.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Counters } from '../../store/counters.ts'
import { MemoryCounters } from '../../store/memory-counters.ts'
import type { CounterLimits } from '../../store/memory-counters.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { ephemeralSecrets } from '../../store/secrets-file.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { policyOf } from './policy.ts'
import type { PolicyParts } from './policy.ts'

/** What a bench is made of; everything has a default. */
export interface BenchParts {
  /** OpenAPI document: an object, or YAML or JSON text. Called `shop`. */
  readonly document?: unknown
  /** What differs from the default policy, for every operation. */
  readonly policy?: PolicyParts
  /** Whether the issuer of `token` is configured; `true` unless said. */
  readonly hasIssuers?: boolean
  /** Prefix of the public path; the document's own unless said. */
  readonly publicBase?: string
  readonly counters?: CounterLimits
}

/** For controls that look at no operation. */
const TINY = { openapi: '3.1.0', info: { title: 'Tiny', version: '1' }, paths: {} }

/**
 * Everything a control may ask for, real: counters and records in memory, a clock that stands still, keys, tokens of
 * one issuer, and a document.
 */
export class Bench {
  readonly clock: FakeClock = new FakeClock()
  readonly keys: KeyService
  readonly tokens: TokenService
  readonly counters: MemoryCounters
  readonly policy: Policy
  readonly sites: readonly Site[]
  readonly kit: Kit
  /** What the loader and the schema compilers said; grows while controls compile. */
  readonly findings: Finding[] = []
  readonly runtime: ApiRuntime

  /** Throws `DocumentError` for a document that does not load. */
  constructor(parts: BenchParts = {}) {
    this.policy = policyOf(parts.policy)
    this.keys = new KeyService({ records: new MemoryRecords(), secrets: ephemeralSecrets() })
    this.tokens = tokensOf(parts.hasIssuers ?? true)
    this.counters = new MemoryCounters(parts.counters)
    this.runtime = runtimeOf(parts.document ?? TINY, this.findings)
    const { model } = this.runtime
    const publicBase = parts.publicBase ?? model.basePath
    this.sites = model.operations.map((operation, index): Site => {
      const label = `${operation.method} ${publicBase}${operation.template}`
      const { policy } = this
      return { operation, policy, publicBase, upstreamBase: model.basePath, index, label }
    })
    this.kit = {
      clock: this.clock,
      counters: this.counters,
      keys: this.keys,
      tokens: this.tokens,
      tokenClock: this.clock,
      signing: new SigningKeys(ephemeralSecrets()),
      dataKeys: new DataKeys(ephemeralSecrets()),
      load: { lateForMs: () => 0 },
      log: { isFull: false },
      wraps: wrapsOf(this.policy, model.name),
      hasIssuers: parts.hasIssuers ?? true,
      apis: new Map([[model.name, this.runtime]]),
      sites: this.sites,
    }
  }

  /** The site of an operation by its id (`GET /orders` where the document gives none). */
  site(id: string): Site {
    const found = this.sites.find(({ operation }) => operation.id === id)
    if (found === undefined) throw new Error(`no operation ${id}`)
    return found
  }

  /**
   * Makes a control ready for an operation, or for all where it is gateway-wide.
   * @returns a guard without hooks where the policy does not want it or it has nothing to do.
   */
  guard<Config>(
    control: Control<Config, Kit>,
    operationId?: string,
    policy?: PolicyParts,
    kit: Kit = this.kit,
  ): TestGuard {
    const own = operationId === undefined ? undefined : this.site(operationId)
    const merged = policy === undefined ? this.policy : policyOf(policy)
    const site = own === undefined ? undefined : { ...own, policy: merged }
    const config = control.configure(merged)
    const mode = modeOf(control, merged)
    const isWanted = config !== undefined && mode !== 'off'
    const guard = isWanted ? control.compile(config, site, kit) : undefined
    return new TestGuard(control, guard, mode === 'monitor' ? 'monitor' : 'enforce')
  }

  /** The same counters as on another machine: every answer comes later. */
  later(): Counters {
    const { counters } = this
    return {
      take: async (...asked) => counters.take(...asked),
      peek: async (...asked) => counters.peek(...asked),
      decide: async (...asked) => counters.decide(...asked),
      ban: async (...asked) => counters.ban(...asked),
      enter: (...asked) => counters.enter(...asked),
      leave: (key) => counters.leave(key),
      fail: async (...asked) => counters.fail(...asked),
      isBanned: async (...asked) => counters.isBanned(...asked),
      reset: async (key) => counters.reset(key),
    }
  }

  /** A new key's text and id. */
  async key(request: KeyRequest = {}): Promise<{ readonly text: string; readonly id: string }> {
    const issued: IssuedKey = await this.keys.admin.create(request, this.clock.nowMs())
    return { text: issued.key.reveal(), id: issued.row.id }
  }

  /** A token of the configured issuer that is good now; `claims` overrides, `undefined` leaves out. */
  token(claims: Readonly<Record<string, unknown>> = {}): string {
    return forge(HEADER, claimsAt(this.clock.nowMs(), { ...claims }))
  }
}

/** One control's guard behind the real runner: every hook answers with what the gateway would make of it. */
export class TestGuard {
  readonly control: Pick<Control<never, Kit>, 'name' | 'onFault' | 'reasons'>
  /** `undefined`: the control has nothing to do here. */
  readonly guard: Guard | undefined
  readonly mode: 'enforce' | 'monitor'

  constructor(
    control: Pick<Control<never, Kit>, 'name' | 'onFault' | 'reasons'>,
    guard: Guard | undefined,
    mode: 'enforce' | 'monitor',
  ) {
    this.control = control
    this.guard = guard
    this.mode = mode
  }

  async request(exchange: Exchange): Promise<Refusal | undefined> {
    return this.#run(this.guard?.onRequest, exchange, undefined)
  }

  async body(exchange: Exchange, body: Buffer | string): Promise<Refusal | undefined> {
    exchange.bodyBytes = Buffer.from(body)
    return this.#run(this.guard?.onRequestBody, exchange, exchange.bodyBytes)
  }

  /** `headers`: flat list. Sets `exchange.upstream` as the core does. */
  async response(
    exchange: Exchange,
    status: number,
    headers: readonly string[] = [],
  ): Promise<Refusal | undefined> {
    exchange.upstream = { status, headers: new HeaderTable(headers) }
    return this.#run(this.guard?.onResponse, exchange, exchange.upstream)
  }

  async responseBody(exchange: Exchange, body: Buffer | string): Promise<Refusal | undefined> {
    return this.#run(this.guard?.onResponseBody, exchange, Buffer.from(body))
  }

  /** Whether the response set by `response` must be read whole. */
  wantsResponseBody(exchange: Exchange): boolean {
    const { upstream } = exchange
    if (upstream === undefined) throw new Error('call response first')
    return this.guard?.wantsResponseBody?.(exchange, upstream) ?? false
  }

  async refusal(exchange: Exchange, refusal: Refusal): Promise<Refusal | undefined> {
    return this.#run(this.guard?.onRefusal, exchange, refusal)
  }

  /** Fields it puts on the answer (by `onAnswer` and in `exchange.answerHeaders`), as a flat list. */
  answer(exchange: Exchange): string[] {
    const headers: string[] = []
    this.guard?.onAnswer?.(exchange, headers)
    return [...headers, ...exchange.answerHeaders]
  }

  /** Fields it adds to the request that goes to the API, as a flat list. */
  forward(exchange: Exchange): string[] {
    const headers: string[] = []
    this.guard?.onForward?.(exchange, headers)
    return headers
  }

  /** Whether the request field (lower case) stays behind. */
  dropsRequest(name: string): boolean {
    return this.guard?.dropsRequestHeader?.(name) ?? false
  }

  /** Whether the response field (lower case) stays behind. */
  dropsResponse(name: string): boolean {
    return this.guard?.dropsResponseHeader?.(name) ?? false
  }

  async #run<A>(
    run: Hook<A>['run'] | undefined,
    exchange: Exchange,
    argument: A,
  ): Promise<Refusal | undefined> {
    if (run === undefined) return undefined
    const { name, onFault, reasons } = this.control
    const hook: Hook<A> = {
      control: name,
      mode: this.mode,
      onFault,
      faultStatus: 503,
      reasons,
      run,
    }
    const refusal = await runHooks([hook], exchange, argument)
    const fault = exchange.events.find((event) => event.name === 'sp_control_fault')
    // A control that throws is a defect whatever the test is about.
    if (fault !== undefined) throw new Error(`${name} threw: ${fault.detail ?? ''}`)
    return refusal
  }
}

/** A refusal that another control made, for hooks that look at refusals. */
export function refusalOf<Config>(
  control: Control<Config, Kit>,
  reason: string,
  parts: Partial<Denial> = {},
): Refusal {
  const spec = control.reasons[reason]
  if (spec === undefined) throw new Error(`${control.name} has no reason ${reason}`)
  return { control: control.name, denial: { reason, ...parts }, spec }
}

function tokensOf(hasIssuers: boolean): TokenService {
  return new TokenService({
    issuers: hasIssuers ? [{ iss: ISS, audience: [AUD] }] : [],
    source: () => async () => {
      const set = parseKeySet(keySetDocument())
      if (set === undefined) throw new Error('no key set')
      return set
    },
  })
}

function runtimeOf(document: unknown, findings: Finding[]): ApiRuntime {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const model = loadApi({ name: 'shop', file: '/shop.yaml', overlays: [], read: () => text })
  findings.push(...model.findings)
  const report = (finding: Finding): void => void findings.push(finding)
  const { registry } = model
  const request = { registry, direction: 'request', formats: true, report } as const
  const requestSchemas = new SchemaCompiler({ ...request, unknownFields: 'refuse' })
  return {
    model,
    requestSchemas,
    looseRequestSchemas: new SchemaCompiler({ ...request, unknownFields: 'allow' }),
    responseSchemas: new SchemaCompiler({
      ...request,
      direction: 'response',
      formats: false,
      unknownFields: 'allow',
    }),
    decode: createDecodeDeps(model, requestSchemas),
  }
}

function wrapsOf({ auth }: Policy, api: string): Kit['wraps'] {
  const { wraps: rules, rolesClaim: roles, groupsClaim: groups } = auth
  const keys = new SealingKeys(ephemeralSecrets())
  const claimPaths = { roles, groups }
  const tokens = new WrappedTokens({ api, rules, keys, claimPaths })
  return new Map(rules.length === 0 ? [] : [[api, tokens]])
}
