import { setTimeout as sleep } from 'node:timers/promises'
import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KeyedRate, LimitKeyPart, PolicyRate } from '../base/units.ts'
import type { Denial } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Policy } from '../pipeline/policy.ts'
import type { Decision, Demand, Taken } from '../store/counters.ts'
import type { Kit } from './kit.ts'
import { announceLimits, limitsDenial, withTexts } from './limit-answer.ts'
import type { NamedRate } from './limit-answer.ts'
import { limitKey } from './operation-limit/limit-key.ts'

/** One limit, ready to be asked. */
export interface LimitPolicy {
  readonly limit: NamedRate
  readonly rate: PolicyRate
  readonly cost: number
  /** What a refusal is called in the log. */
  readonly reason: string
  readonly keyOf: (exchange: Exchange) => string
  /**
   * What tells its keys apart: the `caller` alone, so that a key can be kept with whoever was verified; whatever a
   * credential `proves`, which it may lack, so that the address stands in; or anything of the `request`, which may make
   * up as many as it likes.
   */
  readonly countsBy: 'caller' | 'proofs' | 'request'
  /** What its keys begin with, and those of no other limit. */
  readonly space: string
}

/** How limits speak to clients. */
export function limitFields({
  limits,
}: Pick<Policy, 'limits'>): Pick<NamedRate, 'aliases' | 'resetsAtMoment'> {
  return { aliases: limits.headerAliases, resetsAtMoment: limits.resetsAtMoment }
}

/** A limit that counts by parts of the request. `space`: keys of other limits start otherwise. */
export function keyedPolicy(
  { rate, by }: KeyedRate,
  parts: Pick<LimitPolicy, 'reason'> & {
    readonly name: string
    readonly space: string
    readonly cost?: number
    readonly fields: ReturnType<typeof limitFields>
  },
): LimitPolicy {
  return {
    limit: withTexts({ name: parts.name, rate, ...parts.fields }),
    rate,
    cost: parts.cost ?? 1,
    reason: parts.reason,
    keyOf: (exchange) => `${parts.space}:${limitKey(exchange, by)}`,
    countsBy: by.every(({ from }) => PROVEN_PARTS.has(from)) ? 'proofs' : 'request',
    space: parts.space,
  }
}

/** Parts of a key that credentials prove. */
const PROVEN_PARTS: ReadonlySet<LimitKeyPart['from']> = new Set([
  'principal',
  'subject',
  'tenant',
  'claim',
])

/** Rates of two plans or rules do not share a bucket: one that was filled at one rate says nothing at another. */
export function shapeOf({ count, windowMs, burst }: PolicyRate): string {
  return `${count}/${windowMs}/${burst}`
}

/** What deciding needs: the counters, and whether anybody waits for a turn (in `monitor` nobody does). */
export interface DecidingParts {
  readonly kit: Pick<Kit, 'counters' | 'clock'>
  readonly waits: boolean
}

/**
 * Asks all limits at once: each is taken from, or none is, and the strictest answers. Announces what is left, and waits
 * where a leaky one says so.
 * @param keys the keys, where the caller has made them already.
 */
export function decideLimits(
  exchange: Exchange,
  policies: readonly LimitPolicy[],
  { kit, waits }: DecidingParts,
  keys: readonly string[] = policies.map((policy) => policy.keyOf(exchange)),
): MaybePromise<Denial | undefined> {
  const isKnown = exchange.principal.kind !== 'none' && !exchange.countsAsAddress
  const demands = policies.map(({ rate, cost, countsBy }, index): Demand => ({
    isProven: isKnown && countsBy !== 'request',
    key: keys[index] ?? '',
    kind: rate.kind === 'quota' ? 'window' : 'bucket',
    rate,
    cost,
  }))
  const decision = kit.counters.decide(demands, kit.clock.nowMs())
  const judge = (found: Decision): MaybePromise<Denial | undefined> =>
    judged(exchange, policies, found, waits)
  return isPromise(decision) ? decision.then(judge) : judge(decision)
}

function judged(
  exchange: Exchange,
  policies: readonly LimitPolicy[],
  { allowed, taken }: Decision,
  waits: boolean,
): MaybePromise<Denial | undefined> {
  const findings = policies.flatMap(({ limit }, index) => {
    const one = taken[index]
    return one === undefined ? [] : [{ limit, taken: one }]
  })
  if (!allowed) {
    const refused = policies[taken.findIndex((one) => !one.allowed)]
    return limitsDenial(exchange, refused?.reason ?? 'operation_limit', findings)
  }
  announceLimits(exchange, findings)
  const waitMs = waits ? spacing(policies, taken) : 0
  return waitMs < 1 ? undefined : sleep(waitMs).then(() => undefined)
}

/** How long the request waits for its turn, in milliseconds. */
function spacing(policies: readonly LimitPolicy[], taken: readonly Taken[]): number {
  let waitMs = 0
  for (const [index, { rate, cost }] of policies.entries()) {
    if (rate.kind !== 'leaky') continue
    const own = (Math.min(cost, rate.burst) * rate.windowMs) / rate.count
    waitMs = Math.max(waitMs, (taken[index]?.resetMs ?? 0) - own)
  }
  return waitMs
}
