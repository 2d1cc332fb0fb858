import { modeOf } from '../../pipeline/control.ts'
import type { LimitKeyPart } from '../../base/units.ts'
import { isPublic } from '../../openapi/is-public.ts'
import { ANY_NETWORK, ANYWHERE } from '../../pipeline/network-policy.ts'
import type { NetworkPolicy } from '../../pipeline/network-policy.ts'
import type { Mode, OperationLimit, Policy } from '../../pipeline/policy.ts'
import type { PolicySubject } from './rule-match.ts'
import { mergedAuthorize } from './rule-authorize.ts'
import { mergedData } from './rule-data.ts'
import { rulesFor } from './rule-match.ts'
import type { OperationLimitSettings, RuleSettings, Settings } from './settings.ts'

/** What changes while the configuration stays: the time, what graduated, the certificate. */
export interface PolicyMoment {
  readonly nowMs: number
  /** Operations that left the profile `adopt`, as `OPERATION` or `API:OPERATION`. */
  readonly graduated: ReadonlySet<string>
  /** Names of the certificate that is served. */
  readonly certificateNames: readonly string[]
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1']

/** Hosts that are served: the certificate's names, this machine's own, and those configured. */
function servedHosts(settings: Settings, moment: PolicyMoment): readonly string[] {
  const names = moment.certificateNames.map((name) => name.toLowerCase())
  return [...new Set([...names, ...LOCAL_HOSTS, ...settings.listen.hosts])]
}

function adoptUntil(settings: Settings, nowMs: number): Policy['adopt'] {
  const { profile } = settings
  return profile !== undefined && nowMs < profile.untilMs ? { untilMs: profile.untilMs } : undefined
}

function identitiesOf({ apis }: Settings): Policy['upstream']['identities'] {
  return new Map(
    apis.flatMap(({ name, upstream: { identity } }) =>
      identity === undefined ? [] : [[name, identity] as const],
    ),
  )
}

/** The policy of gateway-wide controls, and what every operation starts from. */
export function basePolicy(settings: Settings, moment: PolicyMoment): Policy {
  const { listen, blocks } = settings
  return {
    mode: blocks.mode,
    modes: blocks.modes,
    adopt: adoptUntil(settings, moment.nowMs),
    listen: {
      cors: listen.cors,
      hosts: servedHosts(settings, moment),
      hstsSeconds: listen.hstsSeconds,
      plain: listen.plain,
      httpsPort: listen.https,
      trustedProxies: listen.trustedProxies,
      forwardedHeader: listen.forwardedHeader,
      knowsPlaces: settings.places !== undefined,
    },
    auth: blocks.auth,
    authorize: blocks.authorize,
    validate: blocks.validate,
    data: blocks.data,
    network: blocks.network,
    detect: blocks.detect,
    upstream: { identities: identitiesOf(settings) },
    limits: { ...blocks.limits, operation: undefined },
    whenLogFull: settings.logs.whenFull,
  }
}

/** Fills in what a limit counts by: the principal, or the address where there may be none. */
function completeLimit(
  limit: OperationLimitSettings | undefined,
  subject: PolicySubject,
): OperationLimit | undefined {
  if (limit === undefined || limit.rate === undefined || limit.by.length > 0) return limit
  const by: readonly LimitKeyPart[] = [{ from: isPublic(subject) ? 'ip' : 'principal' }]
  return { ...limit, by }
}

/** The modes that a rule leaves: a mode for everything replaces those of wider rules; `relax` wins until it ends. */
function mergeModes(
  before: ReadonlyMap<string, Mode>,
  rule: RuleSettings,
  nowMs: number,
): ReadonlyMap<string, Mode> {
  const relaxed = rule.relax !== undefined && nowMs < rule.relax.untilMs ? rule.relax.modes : []
  return new Map([...(rule.mode === undefined ? before : []), ...rule.modes, ...relaxed])
}

function limitsOf({ limits }: RuleSettings): Partial<Policy['limits']> {
  const { priority, sensitivity } = limits
  return {
    ...('principal' in limits && { principal: limits.principal }),
    ...(priority !== undefined && { priority }),
    ...(sensitivity !== undefined && { sensitivity }),
  }
}

/** What a rule says of where its operations may be called from; keys that it does not write keep their value. */
function ruledNetwork(
  network: NetworkPolicy | undefined,
  { network: rule }: RuleSettings,
): NetworkPolicy | undefined {
  if (Object.keys(rule).length === 0) return network
  const { addresses = ANYWHERE, countries } = network?.operation ?? {}
  const operation = {
    addresses: { allow: rule.allow ?? addresses.allow, deny: rule.deny ?? addresses.deny },
    countries: rule.countries ?? countries,
  }
  return { ...(network ?? ANY_NETWORK), operation }
}

function applyRule(policy: Policy, rule: RuleSettings, nowMs: number): Policy {
  return {
    ...policy,
    mode: rule.mode ?? policy.mode,
    modes: mergeModes(policy.modes, rule, nowMs),
    validate: { ...policy.validate, ...rule.validate },
    data: mergedData(policy.data, rule),
    limits: { ...policy.limits, ...limitsOf(rule) },
    network: ruledNetwork(policy.network, rule),
  }
}

/**
 * The limit of an operation: an entry in `limits.operations` is as narrow as a rule that names the operation,
 * so that only such a rule comes before it; else the narrowest rule with a limit holds. Where `off` is written for the
 * operation, neither a written limit nor a built-in one counts.
 */
function operationLimit(
  settings: Settings,
  rules: readonly RuleSettings[],
  subject: PolicySubject,
): Pick<Policy['limits'], 'operation' | 'operationsOff'> {
  const { operationLimits: named, limits } = settings.blocks
  const rule = rules.findLast(
    ({ limits, select }) =>
      'operation' in limits && (select.operations.length > 0 || !named.has(subject.id)),
  )
  if (rule === undefined && !named.has(subject.id)) {
    return { operation: undefined, operationsOff: limits.operationsOff }
  }
  const limit = rule === undefined ? named.get(subject.id) : rule.limits.operation
  return { operation: completeLimit(limit, subject), operationsOff: limit === undefined }
}

/** Whether an operation left the profile, by configuration or by a person's decision since. */
function isGraduated(settings: Settings, subject: PolicySubject, moment: PolicyMoment): boolean {
  const names = [subject.id, `${subject.api}:${subject.id}`]
  const configured = settings.profile?.graduated
  return names.some((name) => moment.graduated.has(name) || configured?.has(name) === true)
}

/**
 * Everything that decides about one operation: the blocks, with the rules that select it laid over them
 * (wider ones first), relaxations that have not ended, and the profile.
 */
export function policyFor(
  settings: Settings,
  subject: PolicySubject,
  moment: PolicyMoment,
): Policy {
  const rules = rulesFor(settings.rules, subject)
  let policy = basePolicy(settings, moment)
  for (const rule of rules) policy = applyRule(policy, rule, moment.nowMs)
  const authorize = mergedAuthorize(settings.blocks.authorize, rules)
  return withWatchedResponses({
    ...policy,
    authorize,
    adopt: isGraduated(settings, subject, moment) ? undefined : policy.adopt,
    limits: { ...policy.limits, ...operationLimit(settings, rules, subject) },
  })
}

/** `response: observe` is the filter of responses in `monitor`, unless something wider says so already. */
function withWatchedResponses(policy: Policy): Policy {
  const control = { name: 'responses', block: 'validate', adopt: 'observe' } as const
  if (policy.validate.response !== 'observe' || modeOf(control, policy) !== 'enforce') return policy
  return { ...policy, modes: new Map([...policy.modes, [control.name, 'monitor']]) }
}

/** When a relaxation or the profile ends next, so that the plan must be compiled anew; `undefined`: never. */
export function nextChangeMs(
  settings: Settings,
  nowMs: number,
  placesUntilMs: number = Infinity,
): number | undefined {
  const ends = settings.rules.flatMap((rule) => rule.relax?.untilMs ?? [])
  if (placesUntilMs !== Infinity) ends.push(placesUntilMs)
  if (settings.profile !== undefined) ends.push(settings.profile.untilMs)
  const ahead = ends.filter((endMs) => endMs > nowMs)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}
