import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { KeyedRate } from '../../base/units.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { hideLimitsOf401, LIMIT_REASON } from '../limit-answer.ts'
import type { Kit } from '../kit.ts'
import { decideLimits, keyedPolicy, shapeOf } from '../limit-policies.ts'
import type { LimitPolicy } from '../limit-policies.ts'
import { accountLimit } from './account-limit.ts'
import { configureOperationLimit } from './config.ts'
import type { OperationLimitConfig } from './config.ts'
import { markedFlows, strictFlow } from './flow-marks.ts'

/** Limits single operations by any part of the request: `login: "5/min by ip, body.email"`. */
export const operationLimit: Control<OperationLimitConfig, Kit> = {
  name: 'operation-limit',
  ids: ['RLM-02', 'RLM-05'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'limits',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    operation_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded' },
    flow_limit: { ...LIMIT_REASON, event: 'excess_rate_limit_exceeded:flow' },
  },
  configure: configureOperationLimit,
  compile: (config, site, kit) =>
    site === undefined ? undefined : operationLimitGuard(config, site, kit),
}

function operationLimitGuard(
  config: OperationLimitConfig,
  site: Site,
  kit: Kit,
): Guard | undefined {
  const policies = policiesOf(config, site)
  if (policies.length === 0) return undefined
  const accounts = config.limit === undefined ? undefined : accountLimit(site, config.limit, kit)
  const parts = { kit, waits: config.waits }
  const take = (exchange: Exchange): MaybePromise<Denial | undefined> => {
    if (accounts === undefined) return decideLimits(exchange, policies, parts)
    const [first = '', ...others] = policies.map((policy) => policy.keyOf(exchange))
    return andThen(accounts.keyOf(exchange, first), (own) =>
      decideLimits(exchange, policies, parts, [own, ...others]),
    )
  }
  const hooks: Guard = waitsForBody(config, site)
    ? {
        onRequestBody: (exchange, bytes) => {
          readUnjudged(exchange, bytes)
          return take(exchange)
        },
      }
    : { onRequest: take }
  return { ...hooks, ...accounts?.hooks, onAnswer: hideLimitsOf401 }
}

/**
 * A limit that looks into the body waits for it, and so does a flow of an operation that takes one: a call that is
 * refused for its body went through no flow.
 */
function waitsForBody(config: OperationLimitConfig, site: Site): boolean {
  const flows = flowsOf(config, site)
  if (flows.length > 0 && site.operation.requestBody !== undefined) return true
  return (config.limit?.by ?? []).some(({ from }) => from === 'body')
}

/** The limit of the operation, where there is one, comes first. */
function policiesOf(config: OperationLimitConfig, site: Site): readonly LimitPolicy[] {
  const { limit, fields } = config
  const name = site.operation.id.replaceAll(/[^\w.-]/g, '_')
  const own = { name, space: `op:${site.label}`, reason: 'operation_limit', fields }
  const flows = flowsOf(config, site).map((flow, index) =>
    keyedPolicy(flow, {
      name: `${name}-flow${index === 0 ? '' : `-${index + 1}`}`,
      space: `flow:${site.label}:${index}:${shapeOf(flow.rate)}`,
      reason: 'flow_limit',
      fields,
    }),
  )
  return limit === undefined ? flows : [keyedPolicy(limit, own), ...flows]
}

function flowsOf({ flows }: OperationLimitConfig, site: Site): readonly KeyedRate[] {
  return [...flows, ...markedFlows(site)].map(strictFlow)
}

/** Where bodies are not validated nobody has read this one yet; what is no JSON counts for its address. */
function readUnjudged(exchange: Exchange, bytes: Buffer): void {
  if (exchange.hasBodyValue || bytes.length === 0) return
  const type = parseMediaType(exchange.head.headers.get('content-type') ?? '')
  if (type === undefined || !isJson(type.essence)) return
  const parsed = parseJsonStrict(bytes)
  if (parsed.fault === undefined) exchange.body = parsed.value
}
