import { OWNER, parseFieldAccess } from '../../../pipeline/field-access.ts'
import { parseQueryRule } from '../../../pipeline/query-rule.ts'
import type { FieldRule } from '../../../pipeline/field-access.ts'
import type {
  AclEntry,
  AclNames,
  DecisionPoint,
  Policy,
  RoleTerms,
} from '../../../pipeline/policy.ts'
import { Secret } from '../../../base/secret.ts'
import { didYouMean } from '../../../base/suggest.ts'
import { parseDuration } from '../../../base/units.ts'
import { DEFAULTS } from '../defaults.ts'
import type {
  AclEntryInput,
  AclNamesInput,
  AuthorizeInput,
  DecisionInput,
  FieldRuleInput,
  RoleInput,
  RuleAuthorizeInput,
} from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import { formatPath } from '../paths.ts'
import type { RuleSettings } from '../settings.ts'
import { resolveLookups } from './lookups.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

/** The block `authorize`, defaults filled in. */
export function resolveAuthorize(input: AuthorizeInput, resolver: Resolver): Policy['authorize'] {
  const roles = Object.entries(input.roles ?? {})
  const acl = Object.entries(input.acl ?? {})
  return {
    roles:
      input.roles === undefined
        ? undefined
        : new Map(roles.map(([name, role]) => [name, permissionsOf(role)])),
    roleTerms: resolveTerms(roles, resolver),
    acl:
      input.acl === undefined
        ? undefined
        : new Map(
            acl.map(([id, entry]) => [id, resolveEntry(entry, ['authorize', 'acl', id], resolver)]),
          ),
    operations: new Map(Object.entries(input.operations ?? {})),
    decision: input.decision === undefined ? undefined : resolveDecision(input.decision, resolver),
    schemas: new Map(Object.entries(input.schemas ?? {})),
    fields: new Map(
      Object.entries(input.fields ?? {}).map(([field, rule]) => [
        field,
        resolveFieldRule(rule, ['authorize', 'fields', field], resolver),
      ]),
    ),
    queries: new Map(
      Object.entries(input.queries ?? {}).map(([id, rule]) => [
        id,
        parseQueryRule(rule, `authorize.queries.${id}`),
      ]),
    ),
    lookups: resolveLookups(input.lookups, resolver),
    denied: input.denied ?? DEFAULTS.denied,
    isStrict: input.strict ?? DEFAULTS.strictObjects,
  }
}

/** What a rule says of the operations that it selects; keys that are not written are absent. */
export function resolveRuleAuthorize(
  { acl, when, schemas, fields, denied }: RuleAuthorizeInput,
  at: ConfigPath,
  resolver: Resolver,
): RuleSettings['authorize'] {
  const rules = Object.entries(fields ?? {}).map(([field, rule]): [string, FieldRule] => {
    const place = [...at, 'fields', field]
    return [field, { ...resolveFieldRule(rule, place, resolver), at: formatPath(place) }]
  })
  return {
    ...(acl !== undefined && { acl: resolveEntry(acl, [...at, 'acl'], resolver) }),
    ...(when !== undefined && { when }),
    ...(schemas !== undefined && { schemas: new Map(Object.entries(schemas)) }),
    ...(fields !== undefined && { fields: new Map(rules) }),
    ...(denied !== undefined && { denied }),
  }
}

function resolveFieldRule(rule: FieldRuleInput, at: ConfigPath, resolver: Resolver): FieldRule {
  const { read, write } = rule
  const field = String(at.at(-1))
  if (!/^[^.].*\.[^.]/.test(field)) {
    resolver.report.fault(at, `"${field}" names no field of a schema`, 'write Order.note')
  }
  if (read === undefined && write === undefined) {
    resolver.report.fault(at, 'says neither who reads nor who writes', 'write { read: [admin] }')
  }
  if (write?.includes(OWNER) === true) {
    const cure = 'write a rule for the object: authorize.operations or authorize.schemas'
    resolver.report.fault([...at, 'write'], 'whose the object is shows only in answers', cure)
  }
  return {
    ...(read !== undefined && { read: parseFieldAccess(read, '') }),
    ...(write !== undefined && { write }),
  }
}

function resolveDecision(input: DecisionInput, resolver: Resolver): DecisionPoint {
  const { url, type = 'authzen', timeout = DEFAULTS.decisionTimeout, cache, token } = input
  return {
    url,
    kind: type,
    timeoutMs: parseDuration(timeout, ''),
    cacheMs: cache === undefined || isOff(cache) ? 0 : parseDuration(cache, ''),
    token:
      token === undefined
        ? undefined
        : new Secret(resolver.referenced(['authorize', 'decision', 'token'], token).trim()),
    operations: input.operations,
  }
}

type RoleEntry = readonly [name: string, role: readonly string[] | RoleInput]

function isList(role: readonly string[] | RoleInput): role is readonly string[] {
  return Array.isArray(role)
}

function permissionsOf(role: readonly string[] | RoleInput): readonly string[] {
  return isList(role) ? role : (role.allow ?? [])
}

function resolveTerms(
  roles: readonly RoleEntry[],
  resolver: Resolver,
): ReadonlyMap<string, RoleTerms> {
  const terms = new Map<string, RoleTerms>()
  const known = new Set(roles.map(([name]) => name))
  for (const [name, role] of roles) {
    if (isList(role)) continue
    const { includes = [], when } = role
    const at = ['authorize', 'roles', name]
    for (const [index, other] of includes.entries()) {
      if (known.has(other)) continue
      const cure = didYouMean(other, known) ?? 'write the role under authorize.roles'
      resolver.report.fault([...at, 'includes', index], `there is no role "${other}"`, cure)
    }
    if (includes.length > 0 || when !== undefined) terms.set(name, { includes, when })
  }
  for (const name of terms.keys()) refuseCircle(name, terms, resolver)
  return terms
}

/** A role that includes itself, by whatever way. */
function refuseCircle(
  name: string,
  terms: ReadonlyMap<string, RoleTerms>,
  resolver: Resolver,
): void {
  const seen = new Set<string>()
  const pending = [...(terms.get(name)?.includes ?? [])]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === name) {
      const at = ['authorize', 'roles', name, 'includes']
      resolver.report.fault(at, `the role "${name}" includes itself`, 'take it out')
      return
    }
    if (seen.has(next)) continue
    seen.add(next)
    pending.push(...(terms.get(next)?.includes ?? []))
  }
}

function resolveEntry(entry: AclEntryInput, at: ConfigPath, resolver: Resolver): AclEntry {
  const { deny } = entry
  if (countOf(entry) === 0 && (deny === undefined || entry.when !== undefined))
    resolver.report.fault(at, 'lets nobody in', 'name roles, groups or subjects')
  if (deny === undefined) return namesOf(entry)
  refuseEmpty(deny, [...at, 'deny'], resolver)
  return { ...namesOf(entry), deny: namesOf(deny) }
}

/** A condition alone keeps out whoever does not meet it: that is what `operations` says, the other way round. */
function refuseEmpty(deny: AclNamesInput, at: ConfigPath, resolver: Resolver): void {
  if (countOf(deny) === 0)
    resolver.report.fault(at, 'keeps nobody out', 'name roles, groups or subjects')
}

function countOf({ roles = [], groups = [], subjects = [] }: AclNamesInput): number {
  return roles.length + groups.length + subjects.length
}

function namesOf({ roles = [], groups = [], subjects = [], when }: AclNamesInput): AclNames {
  return { roles, groups, subjects, ...(when !== undefined && { when }) }
}
