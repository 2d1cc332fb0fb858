import type { Principal } from '../../identity/principal.ts'
import type { ClientPlace, Exchange } from '../exchange.ts'
import type { Reference } from './scope.ts'
import { valueOfType } from './value-type.ts'

/** Reads a value of one request; `undefined` where there is none that may decide anything. */
export type Read = (exchange: Exchange, response: unknown) => unknown

/** Makes the reader of a name. What it reads has the declared type, or is `undefined`. */
export function readerOf(reference: Reference, tenantClaim: readonly string[]): Read {
  const raw = rawReader(reference, tenantClaim)
  const { type } = reference
  return (exchange, response) => valueOfType(raw(exchange, response), type)
}

/** Whether a name has a value, and `undefined` where not even what should hold it is there. */
export function presenceOf(
  reference: Reference,
  tenantClaim: readonly string[],
): (exchange: Exchange, response: unknown) => boolean | undefined {
  const raw = rawReader(reference, tenantClaim)
  const { steps } = reference
  const isDeep = steps.length > 1 && !(steps.length === 2 && steps[0] === 'claims')
  const holder = isDeep
    ? rawReader({ ...reference, steps: steps.slice(0, -1) }, tenantClaim)
    : undefined
  return (exchange, response) => {
    const value = raw(exchange, response)
    if (value !== undefined && value !== null) return true
    if (holder === undefined) return false
    const above = holder(exchange, response)
    return typeof above === 'object' && above !== null && !Array.isArray(above) ? false : undefined
  }
}

function rawReader({ root, steps }: Reference, tenantClaim: readonly string[]): Read {
  switch (root) {
    case 'subject':
      return subjectReader(steps, tenantClaim)
    case 'path':
    case 'query':
    case 'header':
    case 'cookie':
      return ({ parameters }) =>
        parameters === undefined ? undefined : memberAt(parameters[root], steps)
    case 'body':
      return (exchange) => (exchange.hasBodyValue ? memberAt(exchange.body, steps) : undefined)
    case 'response':
      return (_, response) => memberAt(response, steps)
    case 'network':
      return networkReader(steps[0])
    case 'certificate':
      return ({ head }) => emptyIsNone(memberAt(head.tls?.certificate, steps))
    case 'now':
      return ({ startedMs }) => new Date(startedMs)
    case 'tls':
      return tlsReader(steps[0])
    case 'acr':
    case 'amr':
      return ({ principal }) => memberAt(principal.claims, [root])
  }
}

/** Own members only: what a prototype holds nobody sent. */
function memberAt(value: unknown, steps: readonly string[]): unknown {
  let here = value
  for (const step of steps) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined
    here = Object.hasOwn(here, step) ? (here as Record<string, unknown>)[step] : undefined
  }
  return here
}

/** An empty name names nobody: two callers without one must not be taken for the same. */
function textOf(text: string): string | undefined {
  return text === '' ? undefined : text
}

function subjectReader(steps: readonly string[], tenantClaim: readonly string[]): Read {
  const [part, ...rest] = steps
  if (part === 'claims') return ({ principal }) => memberAt(principal.claims, rest)
  if (part === 'tenant')
    return ({ principal }) => emptyIsNone(memberAt(principal.claims, tenantClaim))
  const read = SUBJECT_PARTS[part ?? '']
  return read === undefined ? () => undefined : ({ principal }) => read(principal)
}

function emptyIsNone(value: unknown): unknown {
  return value === '' ? undefined : value
}

const SUBJECT_PARTS: Readonly<Record<string, (principal: Principal) => unknown>> = {
  id: ({ kind, subject }) => (kind === 'none' ? undefined : textOf(subject)),
  kind: ({ kind }) => kind,
  issuer: ({ issuer }) => textOf(issuer),
  credential: ({ credentialId }) => textOf(credentialId),
  roles: ({ roles }) => roles,
  groups: ({ groups }) => groups,
  scopes: ({ scopes }) => scopes,
}

function networkReader(part: string | undefined): Read {
  if (part === 'country') return (exchange) => textOf(placeOf(exchange)?.country ?? '')
  if (part === 'region') return (exchange) => textOf(placeOf(exchange)?.region ?? '')
  return ({ clientAddress }) => textOf(clientAddress)
}

function tlsReader(part: string | undefined): Read {
  return ({ head: { tls } }) => {
    if (tls === undefined) return undefined
    if (part === 'version') return tls.protocol
    return part === 'cipher' ? tls.cipher : tls.servername
  }
}

function placeOf({ placeOfClient, clientAddress }: Exchange): ClientPlace | undefined {
  return placeOfClient?.(clientAddress)
}
