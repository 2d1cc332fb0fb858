import type { Principal } from '../../identity/principal.ts'

const NOBODY = '"caller":"none"'

/**
 * What the API is told of a caller: members of a JSON object, as text; those that do not apply are absent. Only what
 * was verified here is said: a credential that the API checks itself makes nobody. `sub` alone is unambiguous: two
 * issuers may both know an `alice`, and one of them a `key:abc`. `sub_id` is RFC 9493 section 3.2, `act` RFC 8693
 * section 4.1, as the caller's token has it.
 */
export function callerText(principal: Principal): string {
  const { id, subject } = principal
  switch (principal.kind) {
    case 'apiKey':
      return `"caller":"key",${subText(id)}${opaqueText(principal.credentialId)},"owner":${jsonText(subject)}${grantsText(principal)}`
    case 'jwt':
      return `"caller":"token",${subText(id)}{"format":"iss_sub","iss":${jsonText(principal.issuer)},"sub":${jsonText(subject)}}${delegationText(principal)}${grantsText(principal)}`
    case 'wrapped':
      return `"caller":"token",${subText(id)}${opaqueText(subject)}${grantsText(principal)}`
    default:
      return NOBODY
  }
}

/** Printable ASCII without quotes and backslashes stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

function jsonText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

function subText(id: string): string {
  return `"sub":${jsonText(id)},"sub_id":`
}

function opaqueText(id: string): string {
  return `{"format":"opaque","id":${jsonText(id)}}`
}

function delegationText({ claims }: Principal): string {
  const { client_id: clientId, act } = claims
  const client = typeof clientId === 'string' ? `,"client_id":${jsonText(clientId)}` : ''
  const isActor = typeof act === 'object' && act !== null
  return isActor ? `${client},"act":${JSON.stringify(act)}` : client
}

/** RFC 6749 section 3.3. A scope with a space in it would be two on the other side. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Of sets that many principals share. */
const scopeTexts = new WeakMap<Principal['scopes'], string>()

function scopeText(scopes: Principal['scopes']): string {
  const known = scopeTexts.get(scopes)
  if (known !== undefined) return known
  const names = [...scopes].filter((scope) => SCOPE.test(scope)).join(' ')
  const text = names === '' ? '' : `,"scope":"${names}"`
  scopeTexts.set(scopes, text)
  return text
}

function grantsText({ scopes, roles, groups }: Principal): string {
  const scope = scopeText(scopes)
  if (roles.length === 0 && groups.length === 0) return scope
  return scope + namesText('roles', roles) + namesText('groups', groups)
}

function namesText(claim: 'roles' | 'groups', names: readonly string[]): string {
  return names.length === 0 ? '' : `,"${claim}":${JSON.stringify(names)}`
}
