import type { FailureLimit, KeyedRate, PenaltyRule, PolicyRate, Rate } from '../../../base/units.ts'
import {
  parseDuration,
  parseFailureLimit,
  parseLimitKeyPart,
  parseOperationLimit,
  parsePlanRate,
  parsePolicyRate,
  parseRate,
} from '../../../base/units.ts'
import type { ConcurrencyLimit } from '../../../pipeline/policy.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { LimitsInput, OperationLimitInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { BlockSettings, OperationLimitSettings } from '../settings.ts'
import { parseClaimPath, parseHeaderAlias } from '../values/text.ts'
import type { Resolver } from './resolver.ts'
import { isOff, toList } from './resolver.ts'

/** A rate, or `undefined` for off. */
export function resolveRate(input: string | false): PolicyRate | undefined {
  return isOff(input) ? undefined : parsePolicyRate(input, '')
}

function resolveBucket(input: string | false): Rate | undefined {
  return isOff(input) ? undefined : parseRate(input, '')
}

function resolveFailures(input: string | false): FailureLimit | undefined {
  return isOff(input) ? undefined : parseFailureLimit(input, '')
}

/** The limit of an operation, or `undefined` for off; notes an object that says nothing. */
export function resolveOperationLimit(
  input: OperationLimitInput,
  at: ConfigPath,
  resolver: Resolver,
): OperationLimitSettings | undefined {
  if (isOff(input)) return undefined
  if (typeof input === 'string') return { ...parseOperationLimit(input, ''), cost: 1 }
  const { rate, cost, concurrency, flow } = input
  if ([rate, cost, concurrency, flow].every((one) => one === undefined)) {
    resolver.report.fault(at, 'says neither rate nor cost', 'write { rate: 5/min } or { cost: 10 }')
  }
  if (input.by !== undefined && rate === undefined) {
    resolver.report.fault([...at, 'by'], 'by needs a rate', 'add rate: 5/min')
  }
  return {
    rate: rate === undefined ? undefined : parsePolicyRate(rate, ''),
    by: toList(input.by).map((part) => parseLimitKeyPart(part, '')),
    cost: cost ?? 1,
    ...(concurrency !== undefined && { concurrency }),
    ...(flow !== undefined && { flows: toList(flow).map((text) => parseOperationLimit(text, '')) }),
  }
}

function resolveOverload(input: string | false): BlockSettings['limits']['overload'] {
  if (isOff(input)) return undefined
  return { delayMs: parseDuration(input, ''), afterMs: BOUNDS.overloadAfterMs }
}

/** Name -> policy; one that counts by the body would have to wait for it. */
function resolvePolicies(input: LimitsInput, resolver: Resolver): ReadonlyMap<string, KeyedRate> {
  return new Map(
    Object.entries(input.policies ?? {}).map(([name, text]) => {
      const policy = parseOperationLimit(text, '')
      if (policy.by.some(({ from }) => from === 'body')) {
        const at = ['limits', 'policies', name]
        resolver.report.fault(at, 'counts by the body', 'write it under limits.operations')
      }
      return [name, policy]
    }),
  )
}

function resolveConcurrency(input: LimitsInput['concurrency']): ConcurrencyLimit {
  if (input === undefined || isOff(input)) return { total: undefined, principal: undefined }
  if (typeof input !== 'object') return { total: input, principal: undefined }
  return { total: input.total, principal: input.principal }
}

function resolvePenalties(input: LimitsInput['penalties']): PenaltyRule | undefined {
  if (input === undefined || isOff(input)) return undefined
  const said = input === 'on' ? {} : input
  const { penalties } = DEFAULTS
  return {
    score: parseRate(said.score ?? penalties.score, ''),
    stepsMs: (said.boxes ?? penalties.boxes).map((text) => parseDuration(text, '')),
    forgiveMs: parseDuration(said.forgive ?? penalties.forgive, ''),
    exempt: said.exempt ?? [],
  }
}

/** The block `limits`, defaults filled in. */
export function resolveLimits(input: LimitsInput, resolver: Resolver): BlockSettings['limits'] {
  return {
    ip: resolveBucket(input.ip ?? DEFAULTS.ipLimit),
    principal: resolveRate(input.principal ?? DEFAULTS.principalLimit),
    policies: resolvePolicies(input, resolver),
    plans: new Map(
      Object.entries(input.plans ?? {}).map(([plan, rates]) => [
        plan,
        toList(rates).map((text) => parsePlanRate(text, '')),
      ]),
    ),
    planClaim: parseClaimPath(input.plan ?? DEFAULTS.planClaim, ''),
    concurrency: resolveConcurrency(input.concurrency),
    penalties: resolvePenalties(input.penalties),
    failures: resolveFailures(input.failures ?? DEFAULTS.failureLimit),
    errors: resolveBucket(input.errors ?? DEFAULTS.errorLimit),
    overload: resolveOverload(input.overload ?? DEFAULTS.overload),
    priority: input.priority ?? DEFAULTS.priority,
    sensitivity: input.sensitivity ?? 'normal',
    whenStoreFails: input.whenStoreFails ?? DEFAULTS.whenStoreFails,
    operationsOff: isOff(input.operations),
    headerAliases: (input.headers?.aliases ?? []).map((alias) => parseHeaderAlias(alias, '')),
    resetsAtMoment: input.headers?.reset === 'epoch',
  }
}

/** The limits of single operations, by their ids. */
export function resolveOperationLimits(
  input: LimitsInput,
  resolver: Resolver,
): BlockSettings['operationLimits'] {
  if (input.operations === undefined || isOff(input.operations)) return new Map()
  return new Map(
    Object.entries(input.operations).map(([id, limit]) => [
      id,
      resolveOperationLimit(limit, ['limits', 'operations', id], resolver),
    ]),
  )
}
