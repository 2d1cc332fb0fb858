import { parseAuthorization } from '../../http/auth-header.ts'
import { duplicateCookie, parseCookies } from '../../http/cookie.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Slot } from './scheme-plan.ts'

/** What a request carries in the places an operation looks at. */
export interface Carried {
  /** Lower case; empty without `Authorization`. */
  readonly scheme: string
  /** The token of `Authorization`, or its whole rest for schemes with their own grammar. */
  readonly token: string
  /** Values of the other slots. */
  readonly values: ReadonlyMap<Slot, string>
}

export type CarriedFault = 'multiple_credentials' | 'malformed_credentials'

/** Longest credential that is looked at [TOK-01]. */
const MAX_CREDENTIAL = 8192

/**
 * Reads the credentials of a request, each place at most once [AUN-02]: Node keeps the first of two `Authorization`
 * lines and hides the other.
 * @returns why the request is refused, or what it carries. Never throws.
 */
export function readCarried(exchange: Exchange, slots: ReadonlySet<Slot>): Carried | CarriedFault {
  const values = new Map<Slot, string>()
  for (const slot of slots) {
    const found = slot === 'authorization' ? [] : valuesAt(exchange, slot)
    if (found.length > 1) return 'multiple_credentials'
    const [value] = found
    if (value !== undefined && value.length > MAX_CREDENTIAL) return 'malformed_credentials'
    if (value !== undefined && value !== '') values.set(slot, value)
  }
  const authorization = readAuthorization(exchange)
  return typeof authorization === 'string' ? authorization : { ...authorization, values }
}

const NO_AUTHORIZATION = { scheme: '', token: '' } as const

function readAuthorization({ head }: Exchange): Pick<Carried, 'scheme' | 'token'> | CarriedFault {
  const text = head.headers.get('authorization')
  if (text === undefined) return NO_AUTHORIZATION
  if (head.headers.count('authorization') > 1) return 'multiple_credentials'
  const parsed = text.length > MAX_CREDENTIAL + 16 ? undefined : parseAuthorization(text)
  if (parsed === undefined || parsed.rest === '') return 'malformed_credentials'
  return { scheme: parsed.scheme, token: parsed.token ?? parsed.rest }
}

function valuesAt({ head, query }: Exchange, slot: Slot): readonly string[] {
  const name = slot.slice(slot.indexOf(':') + 1)
  if (slot.startsWith('header:')) return head.headers.all(name)
  if (slot.startsWith('query:'))
    return query.pairs.filter(([key]) => key === name).map(([, value]) => value)
  const pairs = parseCookies(head.headers.all('cookie'))
  const own = pairs.filter(([key]) => key === name).map(([, value]) => value)
  return duplicateCookie(pairs) === name ? [...own, ''] : own
}
