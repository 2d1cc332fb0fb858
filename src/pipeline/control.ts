import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Denial, ReasonSpec } from './denial.ts'
import type { Exchange, UpstreamResponse } from './exchange.ts'
import type { Refusal } from './runner.ts'
import type { Mode, Policy } from './policy.ts'
import type { Site } from './site.ts'

/** In the order in which a request meets them; nobody orders controls by hand. */
export const STAGES = [
  'admit',
  'route',
  'inspect-head',
  'authenticate',
  'limit',
  'authorize',
  'validate',
  'authorize-object',
  'body',
  'inspect-body',
  'forward',
  'filter',
  'record',
] as const
export type Stage = (typeof STAGES)[number]

type Verdict = MaybePromise<Denial | undefined>

/**
 * Called with every piece of a body, in order, and once more with nothing where the end comes alone; `isLast`: nothing
 * follows. @returns what goes on: all in all as many bytes as came, of which some may wait for the next piece;
 * `undefined`: the answer breaks off.
 */
export type Watch = (chunk: Buffer, isLast: boolean) => Buffer | undefined

/** What a control does for one operation (or for every request). Hooks it does not need it leaves out; they get no `this`. */
export interface Guard {
  onRequest?(this: void, exchange: Exchange): Verdict
  /** By existing, asks for the request body to be read whole before it is forwarded. */
  onRequestBody?(this: void, exchange: Exchange, body: Buffer): Verdict
  /** Whether a request header (lower case) stays behind. A pure function of the name: its answers are remembered. */
  dropsRequestHeader?(this: void, name: string): boolean
  /** Adds fields (flat list) to the request that goes to the API. */
  onForward?(this: void, exchange: Exchange, headers: string[]): void
  onResponse?(this: void, exchange: Exchange, response: UpstreamResponse): Verdict
  /** Whether this response's body must be read whole. Asked after `onResponse`. */
  wantsResponseBody?(this: void, exchange: Exchange, response: UpstreamResponse): boolean
  /** May set `exchange.replacement`. `body` is what is left by the guards before, decompressed. */
  onResponseBody?(this: void, exchange: Exchange, body: Buffer): Verdict
  /**
   * Looks at a response's body that is passed on as it comes, piece by piece: what of it goes on. `undefined` where
   * there is nothing to look for. What it lets pass is gone.
   */
  watchesResponse?(this: void, exchange: Exchange, response: UpstreamResponse): Watch | undefined
  /**
   * Whether the answer must not be compressed: its length could tell a secret. Asked only where compression is on and
   * the client asks for it. `body`: what goes out, where it is held as a whole.
   */
  keepsUncoded?(
    this: void,
    exchange: Exchange,
    response: UpstreamResponse,
    body: Buffer | undefined,
  ): boolean
  /** Whether a response header (lower case) stays behind; as above. */
  dropsResponseHeader?(this: void, name: string): boolean
  /** Adds fields to the final answer, refusals included. */
  onAnswer?(this: void, exchange: Exchange, headers: string[]): void
  /** May put another refusal in place of one that was decided, such as 429 for the sixtieth 404 in a minute. */
  onRefusal?(this: void, exchange: Exchange, refusal: Refusal): Verdict
  /** Always, also on abort; must not throw. */
  onEnd?(this: void, exchange: Exchange): void
}

/**
 * One control: what it is called, where it stands, what it may say, and how it is made ready for an operation.
 * `Config` is what it needs of the policy, `Kit` the services it may use.
 */
export interface Control<Config, Kit> {
  readonly name: string
  /** Ids of CONTROLS that it implements, such as `KEY-02`. */
  readonly ids: readonly string[]
  readonly stage: Stage
  /** `gateway`: one guard for every request, before or around routing. `operation`: one guard each. */
  readonly scope: 'gateway' | 'operation'
  /** Block of the configuration whose `mode` governs it; `undefined`: it cannot be switched off. */
  readonly block: string | undefined
  /** What the profile `adopt` does with it. */
  readonly adopt: 'enforce' | 'observe'
  /** What happens when it throws. */
  readonly onFault: 'deny' | 'pass'
  readonly reasons: Readonly<Record<string, ReasonSpec>>
  /** Its part of the policy, or `undefined` when the policy does not want it here. */
  configure(policy: Policy): Config | undefined
  /** `undefined` when there is nothing to do. Gateway-wide controls get no site. Throws `ConfigError`. */
  compile(config: Config, site: Site | undefined, kit: Kit): Guard | undefined
}

/** The mode that holds for a control under a policy: its own name, then its block, then `adopt`, then the policy's. */
export function modeOf(
  control: Pick<Control<never, never>, 'name' | 'block' | 'adopt'>,
  policy: Policy,
): Mode {
  if (control.block === undefined) return 'enforce'
  const own = policy.modes.get(control.name) ?? policy.modes.get(control.block)
  if (own !== undefined) return own
  if (policy.adopt !== undefined && control.adopt === 'observe') return 'monitor'
  return policy.mode
}
