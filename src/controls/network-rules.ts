import { embeddedIpv4, formatAddress, parseAddress } from '../base/address.ts'
import { compileAddressSet } from '../base/cidr.ts'
import type { AddressSet } from '../base/cidr.ts'
import type { Denial, ReasonSpec } from '../pipeline/denial.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { AddressRule, CountryRule } from '../pipeline/network-policy.ts'
import type { Kit } from './kit.ts'

/** What is answered to addresses that may not come [NET-02]. */
export const NETWORK_REASON: ReasonSpec = {
  status: 403,
  problem: 'network_not_allowed',
  title: 'Network not allowed',
  event: 'authz_fail',
}

/** What is answered to countries that may not come [NET-03]. */
export const REGION_REASON: ReasonSpec = {
  status: 403,
  problem: 'region_not_allowed',
  title: 'Region not allowed',
  event: 'authz_fail',
}

const SETS = new WeakMap<readonly string[], AddressSet>()

/** The compiled form of a list; made once for all operations that share it. */
export function addressSet(addresses: readonly string[]): AddressSet {
  const known = SETS.get(addresses)
  if (known !== undefined) return known
  const made = compileAddressSet(addresses, 'network')
  SETS.set(addresses, made)
  return made
}

/** Says of an address whether it may come. */
export type JudgeAddress = (address: string) => boolean

/** @returns `undefined` where everybody may come. */
export function addressJudge({ allow, deny }: AddressRule): JudgeAddress | undefined {
  const allowed = allow.length === 0 ? undefined : addressSet(allow)
  const denied = deny.length === 0 ? undefined : addressSet(deny)
  if (allowed === undefined && denied === undefined) return undefined
  return (address) => denied?.hasInside(address) !== true && allowed?.has(address) !== false
}

/** The IPv4 address inside an IPv6 address, as a text. */
function carriedAddress(address: string): string | undefined {
  if (!address.includes(':')) return undefined
  const bits = parseAddress(address)
  const inside = bits === undefined ? undefined : embeddedIpv4(bits)
  return inside === undefined ? undefined : formatAddress(inside)
}

const UNUSABLE = 'no database of countries that is young enough'

/**
 * Judges where a client is. A rule that lets in refuses whom it cannot place; one that only refuses does what the
 * policy says while there is no database that can be used [NET-03].
 */
export function countryJudge(
  rule: CountryRule | undefined,
  { places, clock }: Kit,
): ((exchange: Exchange) => Denial | undefined) | undefined {
  if (rule === undefined) return undefined
  const allow = rule.allow && new Set(rule.allow)
  const deny = new Set(rule.deny)
  const status = rule.status === 403 ? {} : { status: rule.status }
  const refusal = (detail: string): Denial => ({ reason: 'region', detail, ...status })
  return (exchange) => {
    if (places === undefined || !places.isUsable(clock.nowMs())) {
      const isRefused = allow !== undefined || rule.onMissing === 'deny'
      return isRefused ? refusal(places?.fault ?? UNUSABLE) : undefined
    }
    const { country } = places.find(exchange.clientAddress)
    if (deny.has(country) || allow?.has(country) === false)
      return refusal(country === '' ? 'of unknown country' : country)
    const inside = deny.size === 0 ? undefined : carriedAddress(exchange.clientAddress)
    const home = inside === undefined ? '' : places.find(inside).country
    return inside !== undefined && deny.has(home) ? refusal(home) : undefined
  }
}
