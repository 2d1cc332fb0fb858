import type { SecurityAlternative, SecurityScheme } from '../model.ts'
import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { isObject, items, members, ownString, plainMembers } from './json-value.ts'
import { objectAt, refuse } from './reader.ts'
import type { Reader } from './reader.ts'

const PLACES = ['header', 'query', 'cookie'] as const

/** Reads `components.securitySchemes`. A scheme that cannot be understood is an error: nobody could meet it. */
export function readSecuritySchemes(reader: Reader, root: Place): Map<string, SecurityScheme> {
  const schemes = new Map<string, SecurityScheme>()
  const parent = childPlace(childPlace(root, 'components'), 'securitySchemes')
  for (const [name] of plainMembers(parent.value)) {
    const place = objectAt(reader, parent, name)
    const scheme = place === undefined ? undefined : readScheme(reader, name, place)
    if (scheme !== undefined) schemes.set(name, scheme)
  }
  return schemes
}

function readScheme(reader: Reader, name: string, at: Place): SecurityScheme | undefined {
  const type = ownString(at.value, 'type')
  const blank = { name, place: undefined, parameterName: undefined, httpScheme: undefined }
  const source = reader.set.source(at)
  if (type === 'oauth2' || type === 'openIdConnect' || type === 'mutualTLS') {
    return { ...blank, type, source }
  }
  if (type === 'http') {
    const httpScheme = ownString(at.value, 'scheme')?.toLowerCase()
    if (httpScheme !== undefined && httpScheme !== '') return { ...blank, type, httpScheme, source }
  }
  if (type === 'apiKey') {
    const place = PLACES.find((known) => known === ownString(at.value, 'in'))
    const parameterName = ownString(at.value, 'name')
    if (place !== undefined && parameterName !== undefined && parameterName !== '') {
      return { ...blank, type, place, parameterName, source }
    }
  }
  const message = `the security scheme ${JSON.stringify(name)} is not understood: expected type apiKey with in and name, http with scheme, oauth2, openIdConnect or mutualTLS`
  refuse(reader, 'malformed-security-scheme', message, at)
  return undefined
}

/** What a `security` member asks for: `absent`, or its alternatives. */
export type Requirements = 'absent' | readonly SecurityAlternative[]

/**
 * Reads the `security` member of the document or of an operation. Names without a scheme are errors; a malformed
 * list is one too, and asks for a credential meanwhile. An empty list means public, an empty object lets anonymous in.
 */
export function readRequirements(
  reader: Reader,
  parent: Place,
  schemes: Map<string, SecurityScheme>,
): Requirements {
  const list = childPlace(parent, 'security')
  if (list.value === undefined) return 'absent'
  if (!Array.isArray(list.value)) {
    refuse(reader, 'malformed-security', '`security` is a list of requirements', list)
    return 'absent'
  }
  return items(list.value).map((_, index) =>
    readAlternative(reader, childPlace(list, index), schemes),
  )
}

function readAlternative(
  reader: Reader,
  at: Place,
  schemes: Map<string, SecurityScheme>,
): SecurityAlternative {
  if (!isObject(at.value))
    refuse(reader, 'malformed-security', 'expected an object of scheme names', at)
  return members(at.value).map(([scheme, scopes]) => {
    if (!schemes.has(scheme) && !addReferred(reader, at, scheme, schemes)) {
      const message = `the security scheme ${JSON.stringify(scheme)} is not defined in components.securitySchemes`
      refuse(reader, 'unknown-security-scheme', message, childPlace(at, scheme))
    }
    const strings = items(scopes).filter((scope) => typeof scope === 'string')
    if (!Array.isArray(scopes) || strings.length < scopes.length) {
      refuse(reader, 'malformed-security', 'expected a list of scopes', childPlace(at, scheme))
    }
    return { scheme, scopes: strings }
  })
}

/** OpenAPI 3.2 lets a requirement name its scheme by a reference. */
function addReferred(
  reader: Reader,
  at: Place,
  name: string,
  schemes: Map<string, SecurityScheme>,
): boolean {
  if (reader.version !== '3.2' || !/[#/]/.test(name)) return false
  const target = reader.set.follow({ ...at, value: { $ref: name } })
  const scheme = target === undefined ? undefined : readScheme(reader, name, target)
  if (scheme === undefined) return false
  schemes.set(name, scheme)
  return true
}
