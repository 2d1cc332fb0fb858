import { createHash } from 'node:crypto'
import { unreachable } from '../../base/unreachable.ts'
import { parseTemplate } from '../../openapi/path-template.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { LimitKeyPart } from '../../base/units.ts'

/**
 * The bucket a request falls into: its parts one after another, each with its length before it, so that no value can
 * be mistaken for two. A part that the request leaves out falls back to its address: one bucket for all who leave it
 * out could be emptied by anybody. Long keys are hashed: values come from outside.
 */
export function limitKey(exchange: Exchange, by: readonly LimitKeyPart[]): string {
  const parts = by.length === 0 ? [{ from: 'principal' as const }] : by
  return joined(parts.map((part) => partOf(exchange, part)))
}

/**
 * Tells the spellings of one name apart, which `limitKey` takes for the same: two accounts of the API may differ in no
 * more than that. Empty where the request names nobody.
 */
export function spellingOf(exchange: Exchange, part: NamedPart): string {
  const value = valueOf(exchange, part)
  if (value === undefined) return ''
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)
}

/** One part of a key without a request: the key of an address, or a value as a client would send it. */
export type GivenPart = { readonly ip: string } | { readonly value: unknown }

/** The key that `limitKey` makes of a request with these parts, for whoever has no request at hand. */
export function keyOfParts(parts: readonly GivenPart[]): string {
  return joined(
    parts.map((part) => ('ip' in part ? `ip:${part.ip}` : `=${canonicalText(part.value)}`)),
  )
}

function joined(parts: readonly string[]): string {
  const text = parts.map(lengthFirst).join('')
  return text.length <= 128 ? text : createHash('sha256').update(text).digest('base64url')
}

function lengthFirst(value: string): string {
  return `${value.length}:${value}`
}

/** Values from the request start with `=`, so that none passes for an address or a principal. */
function partOf(exchange: Exchange, part: LimitKeyPart): string {
  if ('name' in part) {
    const value = valueOf(exchange, part)
    return value === undefined ? `ip:${exchange.clientKey}` : `=${canonicalText(value)}`
  }
  const { principal, countsAsAddress } = exchange
  const isNobody = principal.kind === 'none' || countsAsAddress
  if (part.from === 'ip' || isNobody) return `ip:${exchange.clientKey}`
  if (part.from === 'subject' && principal.subject !== '')
    return `sub:${principal.issuer}|${principal.subject}`
  if (part.from === 'tenant') return tenantOf(exchange) ?? principal.id
  return principal.id
}

/** Whoever names no tenant is one of their own. */
function tenantOf({ principal, site }: Exchange): string | undefined {
  const tenant = member(principal.claims, site?.policy.auth.tenantClaim ?? [])
  if (typeof tenant !== 'string' && typeof tenant !== 'number') return undefined
  return `tenant:${principal.issuer}|${tenant}`
}

/** A part that names a value of the request. */
export type NamedPart = Extract<LimitKeyPart, { readonly name: string }>

function valueOf(exchange: Exchange, { from, name }: NamedPart): unknown {
  switch (from) {
    case 'body':
      return member(exchange.body, name.split('.'))
    case 'claim':
      return member(exchange.principal.claims, name.split('.'))
    case 'header':
      return exchange.head.headers.get(name.toLowerCase())
    case 'query':
      return (
        exchange.parameters?.query[name] ?? exchange.query.pairs.find(([key]) => key === name)?.[1]
      )
    case 'path':
      return exchange.parameters?.path[name] ?? rawPathValue(exchange, name)
    default:
      return unreachable(from)
  }
}

/** Where parameters are not validated, the raw segment has to do. */
function rawPathValue({ site, pathValues }: Exchange, name: string): string | undefined {
  const parsed = site === undefined ? undefined : parseTemplate(site.operation.template)
  return parsed?.ok === true ? pathValues[parsed.names.indexOf(name)] : undefined
}

function member(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

/**
 * Longer texts name no account. Normalizing sorts marks in a time that grows with the square of their number: a megabyte
 * of them would hold up everybody for a minute.
 */
const MAX_NORMALIZED_CHARS = 1024

/** One account must not have many spellings: `A@x.test` and `a@X.test ` fall into one bucket, `7` and `"7"` too. */
function canonicalText(value: unknown): string {
  if (typeof value === 'string') {
    const text = value.trim()
    const isShort = text.length <= MAX_NORMALIZED_CHARS
    return (isShort ? text.normalize('NFKC').trim() : text).toLowerCase()
  }
  return JSON.stringify(value)
}
