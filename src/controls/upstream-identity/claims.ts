import type { Principal } from '../../identity/principal.ts'

/** What a token says of a caller; members that do not apply are absent. */
export interface CallerClaims {
  readonly caller: 'key' | 'token' | 'none'
  readonly sub?: string
  /** RFC 9493 section 3.2. */
  readonly sub_id?:
    | { readonly format: 'iss_sub'; readonly iss: string; readonly sub: string }
    | { readonly format: 'opaque'; readonly id: string }
  readonly owner?: string
  readonly client_id?: string
  /** RFC 8693 section 4.1, as the caller's token has it. */
  readonly act?: object
  readonly scope?: string
  readonly roles?: readonly string[]
  readonly groups?: readonly string[]
}

const NOBODY: CallerClaims = Object.freeze({ caller: 'none' })

/**
 * What the API is told of a caller. Only what was verified here is said: a credential that the API checks itself
 * makes nobody. `sub` alone is unambiguous: two issuers may both know an `alice`, and one of them a `key:abc`.
 */
export function callerClaims(principal: Principal): CallerClaims {
  switch (principal.kind) {
    case 'apiKey':
      return {
        caller: 'key',
        sub: principal.id,
        sub_id: { format: 'opaque', id: principal.credentialId },
        owner: principal.subject,
        ...grantsOf(principal),
      }
    case 'jwt':
      return {
        caller: 'token',
        sub: principal.id,
        sub_id: { format: 'iss_sub', iss: principal.issuer, sub: principal.subject },
        ...delegationOf(principal),
        ...grantsOf(principal),
      }
    case 'wrapped':
      return {
        caller: 'token',
        sub: principal.id,
        sub_id: { format: 'opaque', id: principal.subject },
        ...grantsOf(principal),
      }
    default:
      return NOBODY
  }
}

function delegationOf({ claims }: Principal): Pick<CallerClaims, 'client_id' | 'act'> {
  const { client_id: clientId, act } = claims
  return {
    ...(typeof clientId === 'string' ? { client_id: clientId } : {}),
    ...(typeof act === 'object' && act !== null ? { act } : {}),
  }
}

/** RFC 6749 section 3.3. A scope with a space in it would be two on the other side. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Of sets that many principals share. */
const scopeTexts = new WeakMap<Principal['scopes'], string>()

function scopeText(scopes: Principal['scopes']): string {
  const known = scopeTexts.get(scopes)
  if (known !== undefined) return known
  const text = [...scopes].filter((scope) => SCOPE.test(scope)).join(' ')
  scopeTexts.set(scopes, text)
  return text
}

function grantsOf(principal: Principal): Pick<CallerClaims, 'scope' | 'roles' | 'groups'> {
  const scope = scopeText(principal.scopes)
  const { roles, groups } = principal
  return {
    ...(scope === '' ? {} : { scope }),
    ...(roles.length === 0 ? {} : { roles }),
    ...(groups.length === 0 ? {} : { groups }),
  }
}
