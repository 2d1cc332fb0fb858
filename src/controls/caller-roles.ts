import { compileCondition } from '../pipeline/conditions/condition.ts'
import type { Condition } from '../pipeline/conditions/condition.ts'
import { headScope } from '../pipeline/conditions/scope.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Policy } from '../pipeline/policy.ts'

/** Lists of roles that are remembered, so that equal ones are the same list. */
const MAX_LISTS = 256

type Terms = Pick<Policy, 'authorize' | 'auth' | 'listen'>

/** The roles that count for a caller: those of the credential whose conditions hold, and what these include. */
export class CallerRoles {
  readonly #terms: Policy['authorize']['roleTerms']
  readonly #conditions = new Map<string, Condition>()
  readonly #lists = new Map<string, readonly string[]>()

  /** Throws `ConfigError` for conditions that cannot be compiled. */
  constructor(policy: Terms) {
    const { authorize } = policy
    this.#terms = authorize.roleTerms
    for (const [role, { when }] of authorize.roleTerms) {
      if (when === undefined) continue
      const scope = headScope(`the role ${role}`, policy.auth.tenantClaim, policy.listen)
      this.#conditions.set(role, compileCondition(when, scope, `authorize.roles.${role}.when`))
    }
  }

  /** The same list for the same roles as long as it is remembered; without terms, that of the credential. */
  of(exchange: Exchange): readonly string[] {
    const { roles } = exchange.principal
    if (this.#terms.size === 0 || !roles.some((role) => this.#terms.has(role))) return roles
    const found = new Set<string>()
    const pending = [...roles]
    for (let role = pending.pop(); role !== undefined; role = pending.pop()) {
      if (found.has(role) || this.#conditions.get(role)?.holds(exchange) === false) continue
      found.add(role)
      pending.push(...(this.#terms.get(role)?.includes ?? []))
    }
    return this.#remembered([...found].toSorted())
  }

  #remembered(roles: readonly string[]): readonly string[] {
    const key = JSON.stringify(roles)
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    if (this.#lists.size >= MAX_LISTS) this.#lists.clear()
    this.#lists.set(key, roles)
    return roles
  }
}

const KNOWN = new WeakMap<object, CallerRoles>()

/** The roles of callers under a policy; made once for all operations that share it. */
export function callerRoles(terms: Terms): CallerRoles {
  const known = KNOWN.get(terms.authorize)
  if (known !== undefined) return known
  const made = new CallerRoles(terms)
  KNOWN.set(terms.authorize, made)
  return made
}
