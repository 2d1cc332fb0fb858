import { extractCredentials } from '../../identity/credentials.ts'
import type { CredentialFault, CredentialPlaces } from '../../identity/credentials.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Slot } from './scheme-plan.ts'

/** What a request carries in the places an operation looks at. */
export interface Carried {
  /** Of `Authorization`, lower case; empty without it. */
  readonly scheme: string
  /** What follows the scheme. */
  readonly token: string
  /** Values of the other slots. */
  readonly values: ReadonlyMap<Slot, string>
}

const NO_VALUES: ReadonlyMap<Slot, string> = new Map()

/** The places of an operation, sorted once. */
export interface SlotPlaces extends CredentialPlaces {
  readonly queries: readonly string[]
}

/** Sorts slots by where they stand. */
export function placesOfSlots(slots: Iterable<Slot>): SlotPlaces {
  const all = [...slots]
  const named = (kind: 'header:' | 'cookie:' | 'query:'): string[] =>
    all.flatMap((slot) => (slot.startsWith(kind) ? [slot.slice(kind.length)] : []))
  return { headers: named('header:'), cookies: named('cookie:'), queries: named('query:') }
}

/**
 * Reads the credentials of a request, each place at most once [AUN-02].
 * `isWellFormed`: see `extractCredentials`.
 * @returns why the request is refused, or what it carries. Never throws.
 */
export function readCarried(
  exchange: Exchange,
  places: SlotPlaces,
  isWellFormed: (token: string) => boolean,
): Carried | CredentialFault {
  const found = extractCredentials(exchange.head.headers, places, isWellFormed)
  if ('reason' in found) return found
  const [only] = found
  if (found.length === 1 && only?.place === 'authorization' && places.queries.length === 0)
    return { scheme: only.scheme, token: only.text, values: NO_VALUES }
  const values = new Map<Slot, string>()
  let scheme = ''
  let token = ''
  for (const credential of found) {
    if (credential.place === 'authorization') ({ scheme, text: token } = credential)
    else values.set(`${credential.place}:${credential.name}`, credential.text)
  }
  for (const name of places.queries) {
    const sent = exchange.query.pairs.filter(([key]) => key === name)
    if (sent.length > 1) return { reason: 'multiple_credentials', detail: `${name} more than once` }
    const value = sent[0]?.[1] ?? ''
    if (value !== '') values.set(`query:${name}`, value)
  }
  return { scheme, token, values }
}
