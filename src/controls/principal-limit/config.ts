import type { KeyedRate, LimitKeyPart, PolicyRate } from '../../base/units.ts'
import { modeOf } from '../../pipeline/control.ts'
import type { OperationLimit, Policy } from '../../pipeline/policy.ts'
import { limitFields } from '../limit-policies.ts'

export interface PrincipalLimitConfig {
  readonly rate: PolicyRate | undefined
  /** Name -> a further limit. */
  readonly policies: ReadonlyMap<string, KeyedRate>
  readonly plans: ReadonlyMap<string, readonly PolicyRate[]>
  readonly planClaim: readonly string[]
  /** The operation's own limit, where it needs no body: decided together with the others. */
  readonly operation: KeyedRate | undefined
  /** Units one call of this operation takes. */
  readonly cost: number
  readonly fields: ReturnType<typeof limitFields>
  /** Whether a leaky limit holds requests back; it does not where it is only watched. */
  readonly waits: boolean
}

export function configurePrincipalLimit(policy: Policy): PrincipalLimitConfig | undefined {
  const { limits } = policy
  if (!hasCallerLimits(limits)) return undefined
  const { principal: rate, policies, plans, planClaim, operation } = limits
  return {
    rate,
    policies,
    plans,
    planClaim,
    operation: isDecidedEarly(policy) ? keyedRateOf(operation) : undefined,
    cost: operation?.cost ?? 1,
    fields: limitFields(policy),
    waits: modeOf({ ...PART, name: 'principal-limit' }, policy) === 'enforce',
  }
}

const PART = { block: 'limits', adopt: 'enforce' } as const

/** Parts of a key that are known before the body and the parameters are. */
const EARLY: ReadonlySet<LimitKeyPart['from']> = new Set([
  'ip',
  'principal',
  'subject',
  'tenant',
  'header',
  'claim',
])

function hasCallerLimits({ principal, policies, plans }: Policy['limits']): boolean {
  return principal !== undefined || policies.size > 0 || plans.size > 0
}

/**
 * Whether the limit of the operation is decided together with those of the caller, so that none is taken from when one
 * refuses. Not where it waits for the body, or where only one of the two is watched.
 */
export function isDecidedEarly(policy: Policy): boolean {
  const limit = keyedRateOf(policy.limits.operation)
  if (limit === undefined || !hasCallerLimits(policy.limits)) return false
  const [own, other] = ['principal-limit', 'operation-limit'].map((name) =>
    modeOf({ ...PART, name }, policy),
  )
  return own === other && limit.by.every(({ from }) => EARLY.has(from))
}

function keyedRateOf(limit: OperationLimit | undefined): KeyedRate | undefined {
  return limit?.rate === undefined ? undefined : { rate: limit.rate, by: limit.by }
}
