import { compileCondition } from '../../pipeline/conditions/condition.ts'
import type { Condition } from '../../pipeline/conditions/condition.ts'
import { mentions } from '../../pipeline/conditions/mentions.ts'
import { headScope } from '../../pipeline/conditions/scope.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { AclNames, Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { conditionScope } from '../condition-scope.ts'
import type { Kit } from '../kit.ts'
import { judgedSchema } from '../objects/judged-schema.ts'
import { PUBLIC } from '../objects/schema-rules.ts'
import { authorizePath } from '../setting-path.ts'
import { isGranted, namesAnybody, RoleTable } from './role-table.ts'
import type { RoleGrant } from './role-table.ts'

/** Callers that a list names. */
export interface Listed {
  readonly roles: RoleGrant
  readonly groups: ReadonlySet<string>
  readonly subjects: ReadonlySet<string>
  readonly when: Condition | undefined
}

/** All that the policy says about who may call one operation. */
export interface OperationAccess {
  /**
   * `open`: the document lets anonymous callers in and nothing else is said. `met`: whoever meets its security.
   * `ruled`: whom a rule names. `condition`: whoever meets its condition, which looks at who is calling.
   */
  readonly kind: 'open' | 'met' | 'ruled' | 'condition'
  readonly table: RoleTable
  /** By the permissions of roles. */
  readonly permitted: RoleGrant
  /** By the access list. */
  readonly allowed: Listed | undefined
  readonly denied: Listed | undefined
  /** What every call must meet besides. */
  readonly condition: Condition | undefined
}

const tables = new WeakMap<Policy['authorize'], RoleTable>()

/** One table for all operations of a configuration. */
function tableOf(policy: Policy): RoleTable {
  let table = tables.get(policy.authorize)
  if (table === undefined) {
    table = new RoleTable(policy)
    tables.set(policy.authorize, table)
  }
  return table
}

/** The condition of `authorize.operations`, whatever it needs. Throws `ConfigError`. */
export function operationCondition(site: Site, kit: Kit): Condition | undefined {
  const { operation, policy } = site
  const text = policy.authorize.operations.get(operation.id)
  if (text === undefined || text === PUBLIC) return undefined
  const at = authorizePath(policy, 'operations', operation.id)
  const response = mentions(text, 'response', at) ? judgedSchema(site, kit) : undefined
  return compileCondition(text, conditionScope(site, kit, response), at)
}

/** Compiles who may call an operation. Throws `ConfigError`. */
export function operationAccess(site: Site, kit: Kit): OperationAccess {
  const { operation, policy } = site
  const table = tableOf(policy)
  const entry = policy.authorize.acl?.get(operation.id)
  const at = authorizePath(policy, 'acl', operation.id)
  const condition = operationCondition(site, kit)
  const allows = entry !== undefined && namesAnybody(entry)
  return {
    kind: kindOf(site, allows, condition),
    table,
    permitted: table.grant(table.permitted(operation)),
    allowed: allows ? listed(entry, { table, site, at }) : undefined,
    denied:
      entry?.deny === undefined
        ? undefined
        : {
            ...listed(entry.deny, { table, site, at: `${at}.deny` }),
            roles: table.grantAlways(table.bitsOf(entry.deny.roles)),
          },
    condition,
  }
}

function kindOf(
  { operation, policy }: Site,
  allows: boolean,
  condition: Condition | undefined,
): OperationAccess['kind'] {
  const { security } = operation
  const table = tableOf(policy)
  // Where the document lets anonymous callers in, rules made for others do not shut out those who say who they are.
  if (security?.length === 0) return 'open'
  if (!allows && security?.some((all) => all.length === 0) === true) return 'open'
  if (!table.isRuled) return 'met'
  const { always, sometimes } = table.grant(table.permitted(operation))
  if (allows || sometimes.size > 0 || always.some((bits) => bits !== 0)) return 'ruled'
  // A condition that looks at who is calling names callers; one on the time of day names nobody.
  return condition?.roots.has('subject') === true ? 'condition' : 'ruled'
}

interface Listing {
  readonly table: RoleTable
  readonly site: Site
  readonly at: string
}

function listed(names: AclNames, { table, site, at }: Listing): Listed {
  const { when } = names
  const { auth, listen } = site.policy
  const scope = headScope(`the access list of ${site.label}`, auth.tenantClaim, listen)
  return {
    roles: table.grant(table.bitsOf(names.roles)),
    groups: new Set(names.groups),
    subjects: new Set(names.subjects),
    when: when === undefined ? undefined : compileCondition(when, scope, `${at}.when`),
  }
}

/** Whether a list names the caller and its condition holds. */
export function isListed(list: Listed, table: RoleTable, exchange: Exchange): boolean {
  return isNamed(list, table, exchange) && list.when?.holds(exchange) !== false
}

/** As `isListed`, for lists that keep out: doubt about their condition counts as yes. */
export function isKeptOut(list: Listed, table: RoleTable, exchange: Exchange): boolean {
  return isNamed(list, table, exchange) && list.when?.judge(exchange) !== false
}

function isNamed(list: Listed, table: RoleTable, exchange: Exchange): boolean {
  const { principal } = exchange
  if (isGranted(list.roles, table, exchange)) return true
  return principal.kind !== 'none' && hasName(list, principal)
}

function hasName({ groups, subjects }: Listed, { subject, id, groups: own }: Principal): boolean {
  if (subjects.size > 0 && ((subject !== '' && subjects.has(subject)) || subjects.has(id)))
    return true
  return groups.size > 0 && own.some((group) => groups.has(group))
}
