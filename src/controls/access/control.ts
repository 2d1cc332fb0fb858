import { ConfigError } from '../../base/config-error.ts'
import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { FACTS_UNKNOWN, heldTo } from '../held-to.ts'
import type { Kit } from '../kit.ts'
import { authorizePath } from '../setting-path.ts'
import { configureAccess } from './config.ts'
import type { AccessConfig } from './config.ts'
import { isKeptOut, isListed, operationAccess } from './operation-access.ts'
import type { OperationAccess } from './operation-access.ts'
import { isGranted } from './role-table.ts'

const NOT_ALLOWED = {
  status: 403,
  problem: 'not_allowed',
  title: 'Not allowed',
  event: 'authz_fail',
} as const

/** Decides who may call an operation: roles, access lists, conditions, or, while none is written, whoever meets its security. */
export const access: Control<AccessConfig, Kit> = {
  name: 'access',
  ids: ['AZN-01', 'AZN-02'],
  stage: 'authorize',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    not_granted: NOT_ALLOWED,
    kept_out: NOT_ALLOWED,
    condition: NOT_ALLOWED,
    facts_unknown: FACTS_UNKNOWN,
  },
  configure: configureAccess,
  compile: (_config, site, kit) => (site === undefined ? undefined : accessGuard(site, kit)),
}

const NOT_GRANTED: Denial = Object.freeze({
  reason: 'not_granted',
  detail: 'no role or access list names the caller',
})
const KEPT_OUT: Denial = Object.freeze({
  reason: 'kept_out',
  detail: 'the access list of the operation keeps the caller out',
})

function accessGuard(site: Site, kit: Kit): Guard {
  const { acl, operations } = site.policy.authorize
  const { id } = site.operation
  if (acl?.has(id) === true) refuseUnmeetable(site, kit, authorizePath(site.policy, 'acl', id))
  const rules = operationAccess(site, kit)
  if (operations.has(id) && rules.condition?.roots.has('subject') === true)
    refuseUnmeetable(site, kit, authorizePath(site.policy, 'operations', id))
  const judge = judgeOf(rules)
  if (judge === undefined)
    return { onRequest: (exchange) => void (exchange.authorizedBy = 'access') }
  const decided = (exchange: Exchange, denial: Denial | undefined): Denial | undefined => {
    if (denial === undefined) exchange.authorizedBy = 'access'
    return denial
  }
  return {
    onRequest: (exchange) => andThen(judge(exchange), (denial) => decided(exchange, denial)),
  }
}

type Judge = (exchange: Exchange) => MaybePromise<Denial | undefined>

/** Deny beats allow, and the condition comes last. `undefined`: everybody who comes here may. */
function judgeOf(rules: OperationAccess): Judge | undefined {
  const { kind, table, permitted, allowed, denied } = rules
  // What needs more than the head is judged by `conditions`, once that is known.
  const condition = rules.condition?.needs === 'head' ? rules.condition : undefined
  const isFree = kind !== 'ruled'
  if (isFree && denied === undefined && condition === undefined) return undefined
  const failed: Denial = Object.freeze({
    reason: 'condition',
    detail: `does not hold: ${condition?.text ?? ''}`.slice(0, 300),
  })
  const meets = condition === undefined ? undefined : heldTo(condition, failed)
  return (exchange) => {
    if (denied !== undefined && isKeptOut(denied, table, exchange)) return KEPT_OUT
    const isIn =
      isFree ||
      isGranted(permitted, table, exchange) ||
      (allowed !== undefined && isListed(allowed, table, exchange))
    if (!isIn) return NOT_GRANTED
    return meets?.(exchange)
  }
}

/** A rule about callers where none is known would be ignored (an open door) or shut out everybody: neither was meant. */
function refuseUnmeetable({ operation }: Site, { sites }: Kit, path: string): void {
  const namesakes = sites.filter((other) => other.operation.id === operation.id)
  const isAnonymous = namesakes.every((other) => other.operation.security?.length === 0)
  const isUnverified = namesakes.every((other) => isOnlyPassedOn(other))
  if (!isAnonymous && !isUnverified) return
  throw new ConfigError({
    path,
    message: isAnonymous
      ? `${operation.id} is public in the document: nobody says there who is calling`
      : `the credential of ${operation.id} is checked by the API alone: who is calling is not known here`,
    cure: isAnonymous
      ? 'remove the entry, or give the operation a security requirement'
      : 'remove the entry, or have the gateway check the scheme under auth.schemes',
  })
}

function isOnlyPassedOn({ operation, policy }: Site): boolean {
  const schemes = (operation.security ?? []).flat()
  return (
    schemes.length > 0 &&
    schemes.every(({ scheme }) => policy.auth.schemes.get(scheme) === 'upstream')
  )
}
