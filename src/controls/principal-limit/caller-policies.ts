import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { keyedPolicy, shapeOf } from '../limit-policies.ts'
import type { LimitPolicy } from '../limit-policies.ts'
import { withTexts } from '../limit-answer.ts'
import type { PolicyRate } from '../../base/units.ts'
import type { PrincipalLimitConfig } from './config.ts'

/** The limits of callers of one operation. */
export interface CallerPolicies {
  readonly limitsOf: (exchange: Exchange) => readonly LimitPolicy[]
  /** The one bucket there is for everybody; `undefined` where there is more to it. */
  readonly only: LimitPolicy | undefined
}

/** Who names no plan has this one, where it is written. */
const DEFAULT_PLAN = 'default'

/** Makes every list that a caller may have, once. A plan with a rate takes the place of `limits.principal`. */
export function callerPolicies(
  config: PrincipalLimitConfig,
  site: Site | undefined,
): CallerPolicies {
  const own = config.rate === undefined ? [] : [perPrincipal('principal', config.rate, config)]
  const others = [...namedPolicies(config), ...ownPolicy(config, site)]
  const plans = new Map(
    [...config.plans].map(([plan, rates]) => {
      const hasRate = rates.some(({ kind }) => kind !== 'quota')
      return [plan, [...(hasRate ? [] : own), ...planPolicies(plan, rates, config), ...others]]
    }),
  )
  const planless = plans.get(DEFAULT_PLAN) ?? [...own, ...others]
  const nobody = [...own, ...others]
  const [first, ...rest] = nobody
  const isOnly = plans.size === 0 && rest.length === 0 && first?.rate.kind !== 'quota'
  return {
    only: isOnly && first?.rate.kind !== 'leaky' ? first : undefined,
    limitsOf: (exchange) => {
      if (exchange.principal.kind === 'none') return nobody
      return plans.get(planOf(exchange, config.planClaim) ?? '') ?? planless
    },
  }
}

function namedPolicies({ policies, fields }: PrincipalLimitConfig): LimitPolicy[] {
  return [...policies].map(([name, policy]) => {
    const space = `policy:${name}:${shapeOf(policy.rate)}`
    return keyedPolicy(policy, { name, space, reason: 'policy_limit', fields })
  })
}

function ownPolicy(
  { operation, fields }: PrincipalLimitConfig,
  site: Site | undefined,
): LimitPolicy[] {
  if (operation === undefined || site === undefined) return []
  const name = site.operation.id.replaceAll(/[^\w.-]/g, '_')
  const space = `op:${site.label}`
  return [keyedPolicy(operation, { name, space, reason: 'operation_limit', fields })]
}

function planPolicies(
  plan: string,
  rates: readonly PolicyRate[],
  config: PrincipalLimitConfig,
): LimitPolicy[] {
  return rates.map((rate, index) => ({
    ...perPrincipal(index === 0 ? plan : `${plan}-${index + 1}`, rate, config),
    reason: 'plan_limit',
  }))
}

/** Counts by the caller. Rules give operations rates of their own: the rate is part of the key. */
function perPrincipal(
  name: string,
  rate: PolicyRate,
  { cost, fields }: PrincipalLimitConfig,
): LimitPolicy {
  const space = `principal:${shapeOf(rate)}`
  return {
    limit: withTexts({ name, rate, ...fields }),
    rate,
    cost,
    reason: 'principal_limit',
    countsBy: 'caller',
    space,
    keyOf: (exchange) => `${space}:${callerOf(exchange)}`,
  }
}

/**
 * Public operations are called by nobody in particular: there the address stands for the caller. So it does where a
 * credential may be made up. */
function callerOf({ principal, clientKey, countsAsAddress }: Exchange): string {
  return principal.kind === 'none' || countsAsAddress ? `ip:${clientKey}` : principal.id
}

/** The plan that the key or the token names. */
function planOf({ keys, principal }: Exchange, claim: readonly string[]): string | undefined {
  if (principal.kind === 'apiKey')
    return keys.find((key) => key.principal === principal)?.plan ?? keys[0]?.plan
  let at: unknown = principal.claims
  for (const name of claim) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return typeof at === 'string' ? at : undefined
}
