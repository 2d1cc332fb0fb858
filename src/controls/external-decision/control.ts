import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { DecisionPoint } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureExternalDecision } from './config.ts'
import { DecisionClient } from './decision-client.ts'
import type { Decision } from './decision-client.ts'
import { questionsOf } from './question.ts'

/** Has a decision point of the operator's say whether a call may go on. */
export const externalDecision: Control<DecisionPoint, Kit> = {
  name: 'external-decision',
  ids: ['AZN-07'],
  stage: 'authorize',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    decision_no: { status: 403, problem: 'not_allowed', title: 'Not allowed', event: 'authz_fail' },
    decision_away: {
      status: 503,
      problem: 'unavailable',
      title: 'Service unavailable',
      event: 'sp_dependency_down',
      level: 'critical',
    },
  },
  configure: configureExternalDecision,
  compile: (point, site, kit) => (site === undefined ? undefined : decisionGuard(point, site, kit)),
}

const DENIED: Denial = Object.freeze({
  reason: 'decision_no',
  detail: 'the decision point says no',
})

const clients = new WeakMap<DecisionPoint, DecisionClient>()

/** One for all operations, so that they share connections and what is remembered. */
function clientOf(point: DecisionPoint): DecisionClient {
  let client = clients.get(point)
  if (client === undefined) {
    client = new DecisionClient(point)
    clients.set(point, client)
  }
  return client
}

function decisionGuard(point: DecisionPoint, site: Site, { clock }: Kit): Guard | undefined {
  const { operation } = site
  const isNamed = point.operations?.includes(operation.id)
  // What the document makes public is asked about only where the operator names it.
  if (isNamed === false || (isNamed === undefined && operation.security?.length === 0))
    return undefined
  const client = clientOf(point)
  const questionOf = questionsOf(site)
  return {
    onRequest: (exchange) => {
      const asked = questionOf(exchange)
      const question = JSON.stringify(point.kind === 'opa' ? { input: asked } : asked)
      const nowMs = clock.nowMs()
      if (client.remembers(question, nowMs)) return undefined
      return client.ask(question, exchange, nowMs).then(denialOf)
    },
  }
}

function denialOf(decision: Decision): Denial | undefined {
  if (decision.kind === 'yes') return undefined
  if (decision.kind === 'no') return DENIED
  return { reason: 'decision_away', headers: ['Retry-After', '1'], detail: decision.detail }
}
