import { compileCondition } from '../../pipeline/conditions/condition.ts'
import type { Condition } from '../../pipeline/conditions/condition.ts'
import { headScope } from '../../pipeline/conditions/scope.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { AclNames, Policy } from '../../pipeline/policy.ts'
import { settingPath } from '../setting-path.ts'

/** One bit for each role of a table. */
export type RoleBits = Uint32Array

/** Conditions that must hold together. */
export type Together = readonly Condition[]

/** Which roles a rule lets in: some always, some where one list of conditions holds. */
export interface RoleGrant {
  readonly always: RoleBits
  readonly sometimes: ReadonlyMap<number, readonly Together[]>
}

/** Ways from one role to what it includes; more than these nobody could follow. */
const MAX_WAYS = 64
/** Roles that are passed on all ways, also those that lead nowhere. */
const MAX_STEPS = 10_000

/**
 * The roles of a policy, each with a number: what an operation asks is compiled to one bit for each, so that a request
 * costs the same with ten thousand roles as with ten.
 */
export class RoleTable {
  readonly #index = new Map<string, number>()
  readonly #names: string[] = []
  /** Permission -> numbers of the roles that have it. */
  readonly #holders = new Map<string, number[]>()
  readonly #includes = new Map<number, readonly number[]>()
  readonly #conditions = new Map<number, Condition>()

  /** Throws `ConfigError` for conditions that cannot be compiled. */
  constructor(policy: Pick<Policy, 'authorize' | 'auth' | 'listen'>) {
    const { authorize } = policy
    for (const [role, permissions] of authorize.roles ?? []) {
      const number = this.#numberOf(role)
      for (const permission of permissions) {
        const holders = this.#holders.get(permission)
        if (holders === undefined) this.#holders.set(permission, [number])
        else holders.push(number)
      }
    }
    this.isRuled =
      authorize.roles !== undefined || [...(authorize.acl?.values() ?? [])].some(namesAnybody)
    for (const entry of authorize.acl?.values() ?? [])
      for (const role of [...entry.roles, ...(entry.deny?.roles ?? [])]) this.#numberOf(role)
    for (const [role, { includes, when }] of authorize.roleTerms) {
      const number = this.#numberOf(role)
      this.#includes.set(
        number,
        includes.map((other) => this.#numberOf(other)),
      )
      if (when === undefined) continue
      const at = settingPath('authorize.roles', role, 'when')
      const scope = headScope(`the role ${role}`, policy.auth.tenantClaim, policy.listen)
      this.#conditions.set(number, compileCondition(when, scope, at))
    }
  }

  /** Whether anything says whom an operation is for, so that those of which nothing is said are closed. */
  readonly isRuled: boolean

  /** Every role that the policy names. */
  get names(): readonly string[] {
    return this.#names
  }

  /** The number of a role; `undefined` for one that the policy does not name. */
  numberOf(role: string): number | undefined {
    return this.#index.get(role)
  }

  /** Bits of named roles. */
  bitsOf(roles: readonly string[]): RoleBits {
    const bits = this.#none()
    for (const role of roles) {
      const number = this.#index.get(role)
      if (number !== undefined) setBit(bits, number)
    }
    return bits
  }

  /**
   * Bits of the roles whose permissions cover an operation: `*`, `op:<operationId>`, or every scope of one of its
   * alternatives, each by its name or its family `orders:*`.
   */
  permitted({ id, security }: Pick<Operation, 'id' | 'security'>): RoleBits {
    const bits = this.#holding(['*', `op:${id}`])
    for (const all of security ?? []) {
      const scopes = all.flatMap((one) => one.scopes)
      const [first, ...rest] = scopes.map((scope) => this.#holding(namesOf(scope)))
      if (first === undefined) continue
      for (const other of rest)
        for (let i = 0; i < first.length; i++) first[i] = word(first, i) & word(other, i)
      for (let i = 0; i < bits.length; i++) bits[i] = word(bits, i) | word(first, i)
    }
    return bits
  }

  /** What roles come to when those of `direct` are let in: roles that include them too, under the conditions on the way. */
  grant(direct: RoleBits): RoleGrant {
    const always = this.#none()
    const sometimes = new Map<number, readonly Together[]>()
    for (let number = 0; number < this.#names.length; number++) {
      if (!this.#includes.has(number) && !this.#conditions.has(number)) {
        if (hasBit(direct, number)) setBit(always, number)
        continue
      }
      const ways: Together[] = []
      this.#walk(number, direct, { conditions: [], ways, role: number, steps: { left: MAX_STEPS } })
      if (ways.some((way) => way.length === 0)) setBit(always, number)
      else if (ways.length > 0) sometimes.set(number, ways)
    }
    return { always, sometimes }
  }

  /** As `grant`, for rules that keep out: whoever has a role is kept out, whatever the role depends on. */
  grantAlways(direct: RoleBits): RoleGrant {
    const { always, sometimes } = this.grant(direct)
    for (const number of sometimes.keys()) setBit(always, number)
    return { always, sometimes: new Map() }
  }

  #walk(number: number, direct: RoleBits, walk: Walk): void {
    walk.steps.left -= 1
    if (walk.steps.left < 0) throw this.#tooMany(walk.role)
    const own = this.#conditions.get(number)
    const conditions = own === undefined ? walk.conditions : [...walk.conditions, own]
    if (hasBit(direct, number)) {
      walk.ways.push(conditions)
      if (walk.ways.length > MAX_WAYS) throw this.#tooMany(walk.role)
      // Whatever is included asks for no less.
      return
    }
    for (const other of this.#includes.get(number) ?? [])
      this.#walk(other, direct, { ...walk, conditions })
  }

  #tooMany(number: number): ConfigError {
    const role = this.#names[number] ?? ''
    return new ConfigError({
      path: settingPath('authorize.roles', role, 'includes'),
      message: `the role ${role} includes others in more than ${MAX_WAYS} ways`,
      cure: 'include fewer roles',
    })
  }

  #holding(permissions: readonly string[]): RoleBits {
    const bits = this.#none()
    for (const permission of permissions)
      for (const number of this.#holders.get(permission) ?? []) setBit(bits, number)
    return bits
  }

  #none(): RoleBits {
    return new Uint32Array((this.#names.length + 31) >>> 5)
  }

  #numberOf(role: string): number {
    const known = this.#index.get(role)
    if (known !== undefined) return known
    this.#index.set(role, this.#names.length)
    return this.#names.push(role) - 1
  }
}

/** Whether a list names callers; one may only keep some out. */
export function namesAnybody({ roles, groups, subjects }: AclNames): boolean {
  return roles.length + groups.length + subjects.length > 0
}

interface Walk {
  readonly role: number
  readonly conditions: Together
  readonly ways: Together[]
  readonly steps: { left: number }
}

/** Permissions that cover a scope: itself and its families, `a:*` and `a:b:*` for `a:b:c`. */
function namesOf(scope: string): readonly string[] {
  const names = [scope]
  for (let at = scope.indexOf(':'); at >= 0; at = scope.indexOf(':', at + 1))
    names.push(`${scope.slice(0, at + 1)}*`)
  return names
}

function word(bits: RoleBits, index: number): number {
  return bits[index] ?? 0
}

function setBit(bits: RoleBits, number: number): void {
  bits[number >>> 5] = word(bits, number >>> 5) | (1 << (number & 31))
}

/** Whether the bit of a role is set. */
export function hasBit(bits: RoleBits, number: number): boolean {
  return (word(bits, number >>> 5) & (1 << (number & 31))) !== 0
}

/** Whether a caller with these roles is let in. */
export function isGranted(
  { always, sometimes }: RoleGrant,
  table: RoleTable,
  exchange: Exchange,
): boolean {
  const { roles } = exchange.principal
  let mayDepend = false
  for (const role of roles) {
    const number = table.numberOf(role)
    if (number === undefined) continue
    if (hasBit(always, number)) return true
    mayDepend ||= sometimes.size > 0
  }
  return (
    mayDepend && roles.some((role) => holdsOne(sometimes.get(table.numberOf(role) ?? -1), exchange))
  )
}

function holdsOne(ways: readonly Together[] | undefined, exchange: Exchange): boolean {
  return ways?.some((way) => way.every((condition) => condition.holds(exchange))) === true
}
