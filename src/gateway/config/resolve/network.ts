import { fileURLToPath } from 'node:url'
import { parseDuration } from '../../../base/units.ts'
import type {
  AddressList,
  AddressRule,
  CountryRule,
  NetworkPolicy,
} from '../../../pipeline/network-policy.ts'
import { DEFAULTS } from '../defaults.ts'
import type {
  AddressRuleInput,
  CountryRuleInput,
  NetworkInput,
  RuleInput,
  RuleNetworkInput,
  SallyportConfig,
} from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { PlaceSettings, RuleSettings } from '../settings.ts'
import { parseFileReference } from '../values/text.ts'
import { fileAddresses, resolveAddresses } from './addresses.ts'
import { watchesTravel } from './detect.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

function resolveRule(
  { allow, deny }: AddressRuleInput,
  at: ConfigPath,
  resolver: Resolver,
): AddressRule {
  const rule = {
    allow: resolveAddresses(allow, [...at, 'allow'], resolver),
    deny: resolveAddresses(deny, [...at, 'deny'], resolver),
  }
  // A file without an entry would let everybody in where it was meant to let in few.
  if (rule.allow.length === 0 && (allow ?? []).length > 0) {
    resolver.report.fault([...at, 'allow'], 'names no address', 'fill the file, or remove the key')
  }
  return rule
}

function resolveCountries(input: CountryRuleInput | undefined): CountryRule | undefined {
  if (input === undefined) return undefined
  return {
    allow: input.allow,
    deny: input.deny ?? [],
    onMissing: input.onMissing ?? DEFAULTS.countriesOnMissing,
    status: input.status ?? DEFAULTS.countriesStatus,
  }
}

function resolveLists(lists: NetworkInput['lists'], resolver: Resolver): readonly AddressList[] {
  return Object.entries(lists ?? {}).map(([name, { file, action }]) => ({
    name,
    action: action ?? DEFAULTS.addressListAction,
    addresses: fileAddresses(file, ['network', 'lists', name, 'file'], resolver),
  }))
}

function resolveListeners(
  listeners: NetworkInput['listeners'],
  resolver: Resolver,
): NetworkPolicy['listeners'] {
  const { https, http } = listeners ?? {}
  const at = (port: string): ConfigPath => ['network', 'listeners', port]
  return new Map([
    ...(https === undefined ? [] : [['https', resolveRule(https, at('https'), resolver)] as const]),
    ...(http === undefined ? [] : [['http', resolveRule(http, at('http'), resolver)] as const]),
  ])
}

/** The block `network`, without what rules say; `undefined` where it is not written. */
export function resolveNetwork(
  input: NetworkInput | undefined,
  resolver: Resolver,
): NetworkPolicy | undefined {
  if (input === undefined) return undefined
  return {
    addresses: resolveRule(input, ['network'], resolver),
    countries: resolveCountries(input.countries),
    listeners: resolveListeners(input.listeners, resolver),
    lists: resolveLists(input.lists, resolver),
    roles: new Map(
      Object.entries(input.roles ?? {}).map(([role, entries]) => [
        role,
        resolveAddresses(entries, ['network', 'roles', role], resolver),
      ]),
    ),
    operation: undefined,
  }
}

/** What the `network` of a rule says; keys that are not written are absent. */
export function resolveRuleNetwork(
  input: RuleNetworkInput,
  at: ConfigPath,
  resolver: Resolver,
): RuleSettings['network'] {
  const { allow, deny } = resolveRule(input, at, resolver)
  const countries = resolveCountries(input.countries)
  return {
    ...(input.allow !== undefined && { allow }),
    ...(input.deny !== undefined && { deny }),
    ...(countries !== undefined && { countries }),
  }
}

/** Whether a block says anything about countries, or names a database. */
const asksForPlaces = (input: RuleNetworkInput | undefined): boolean =>
  input?.countries !== undefined

/** The database that says where addresses are; `undefined` where nothing asks for one. */
export function resolvePlaces(
  { network, detect, rules }: Pick<SallyportConfig, 'network' | 'detect' | 'rules'>,
  resolver: Resolver,
): PlaceSettings | undefined {
  const isAsked =
    network?.geo !== undefined ||
    asksForPlaces(network) ||
    watchesTravel(detect) ||
    (rules ?? []).some((rule: RuleInput) => asksForPlaces(rule.network))
  if (!isAsked) return undefined
  const geo = network?.geo ?? DEFAULTS.geo
  // Its age is that of the program; it says so in the metrics.
  if (geo === 'bundled') return { path: bundledPlaces(), maxAgeMs: Infinity }
  const path = resolver.path(parseFileReference(geo, ''))
  // A file that goes away is no fault of the configuration: rules about countries refuse then [NET-03].
  resolver.files.add(path)
  const maxAge = network?.geoMaxAge ?? DEFAULTS.geoMaxAge
  return { path, maxAgeMs: isOff(maxAge) ? Infinity : parseDuration(maxAge, '') }
}

const BUNDLED = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/** Path of the database that comes with the program. */
export function bundledPlaces(): string {
  return fileURLToPath(import.meta.resolve(BUNDLED))
}
