import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { HijackPolicy } from '../../pipeline/detect-policy.ts'
import { NOTHING_WATCHED } from '../../pipeline/detect-policy.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Place, PlaceDatabase } from '../../store/places/place-database.ts'
import type { Kit } from '../kit.ts'
import { Bench } from '../testing/bench.ts'
import type { TestGuard } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { hijack } from './control.ts'

const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: { '/me': { get: { operationId: 'me', responses: { 200: { description: 'ok' } } } } },
}
/** Its credential is a key. */
const KEY: Principal = { ...ANONYMOUS, id: 'key:k1', kind: 'apiKey', credentialId: 'k1' }
/** A token of one person. */
export const tokenOf = (jti: string, claims: Record<string, unknown> = {}): Principal => ({
  ...ANONYMOUS,
  id: 'https://id.test|ann',
  kind: 'jwt',
  subject: 'ann',
  issuer: 'https://id.test',
  credentialId: jti,
  claims,
})

/** By the first number of the address. */
const WORLD: Readonly<Record<string, Place>> = {
  10: { country: '', region: '' },
  49: { country: 'DE', region: '' },
  43: { country: 'AT', region: '' },
  55: { country: 'BR', region: '' },
  61: { country: 'AU', region: '' },
  70: { country: 'US', region: 'US-NY', spot: { latitude: 40.7, longitude: -74, radiusKm: 20 } },
  71: { country: 'US', region: 'US-CA', spot: { latitude: 34, longitude: -118.2, radiusKm: 50 } },
  99: { country: 'ZZ', region: '' },
}

/** A database of that world. */
export function placesOf(isUsable = true): PlaceDatabase {
  return {
    path: '/places.mmdb',
    builtMs: 0,
    fault: undefined,
    isUsable: () => isUsable,
    usableUntilMs: isUsable ? Infinity : 0,
    find: (address) => WORLD[address.split('.')[0] ?? ''] ?? { country: '', region: '' },
  }
}

/** A gateway with counters of its own. */
export interface World {
  readonly bench: Bench
  readonly kit: Kit
  /** Another thread: the same counters, nothing remembered. */
  thread(): TestGuard
}

/** What is configured; places and policy have defaults. */
export interface Plan extends Partial<HijackPolicy> {
  readonly places?: PlaceDatabase
  readonly exempt?: readonly string[]
  readonly acr?: readonly string[]
  readonly isLater?: boolean
}

/** `kill` for travel unless the plan says otherwise; nothing else is refused. */
export function open({
  places = placesOf(),
  exempt = [],
  acr = [],
  isLater,
  ...own
}: Plan = {}): World {
  const policy: HijackPolicy = {
    response: 'log',
    travel: 'kill',
    vpn: [],
    fingerprint: undefined,
    ...own,
  }
  const detect = { ...NOTHING_WATCHED, hijack: policy, exempt, acr }
  const bench = new Bench({ document: SHOP, policy: { detect } })
  const counters = isLater === true ? bench.later() : bench.counters
  const kit = { ...bench.kit, places, counters }
  return { bench, kit, thread: () => bench.guard(hijack, 'me', undefined, { ...kit }) }
}

/** One request from an address, or through a proxy that hides whom it serves; the program is always the same. */
export async function comes(
  guard: TestGuard,
  bench: Bench,
  from: string | { readonly proxy: string },
  principal: Principal = KEY,
): Promise<{ readonly reason: string | undefined; readonly exchange: Exchange }> {
  const headers = ['User-Agent', 'shop-sync/1.4']
  const peer = typeof from === 'string' ? from : from.proxy
  const exchange = exchangeOf({ peer, headers, principal, site: bench.site('me') })
  exchange.hidesClients = typeof from !== 'string'
  const refusal = await guard.request(exchange)
  return { reason: refusal?.denial.reason, exchange }
}

/** Names of what was told. */
export const eventsOf = ({ exchange }: { readonly exchange: Exchange }): string[] =>
  exchange.events.map(({ name }) => name)
