import * as z from 'zod'
import { parseDuration } from '../../../base/units.ts'
import { DEFAULTS } from '../defaults.ts'
import type {
  AddressRuleInput,
  CountryRuleInput,
  NetworkInput,
  RuleNetworkInput,
} from '../input.ts'
import { parseAddressEntry, parseCountry } from '../values/address-list.ts'
import { parseFileReference } from '../values/text.ts'
import { key, mode, name, optional, parsedText, parsedTextOrOff } from './fields.ts'

const addresses = (): z.ZodType<readonly string[]> =>
  z.array(parsedText('an address, a block, or file:PATH', parseAddressEntry))

const countryNames = (): z.ZodType<readonly string[]> =>
  z.array(parsedText('a country such as DE', parseCountry)).min(1)

const fileReference = (): z.ZodString => parsedText('file:PATH', parseFileReference)

const addressRule: z.ZodType<AddressRuleInput> = z.strictObject({
  allow: optional(addresses(), 'Only these may come; everybody where it is empty.', []),
  deny: optional(addresses(), 'These may not, whoever is allowed.', []),
})

const countries: z.ZodType<CountryRuleInput> = z.strictObject({
  allow: optional(countryNames(), 'Only these may come; an unknown country is none of them.'),
  deny: optional(countryNames(), 'These may not.'),
  onMissing: optional(
    z.literal(['deny', 'allow']),
    'What deny does while there is no database that is young enough; allow refuses everybody then.',
    DEFAULTS.countriesOnMissing,
  ),
  status: optional(
    z.literal([403, 451]),
    'What is answered; 451 where the law asks for the rule.',
    DEFAULTS.countriesStatus,
  ),
})

const ruleKeys = {
  allow: optional(
    addresses(),
    'Addresses and blocks that may come, or file:PATH with one in each line; everybody where it is empty.',
    [],
  ),
  deny: optional(addresses(), 'Addresses, blocks and files that may not; deny wins.', []),
  countries: optional(
    countries,
    'Countries, as a further condition: where an address is, is a guess.',
  ),
  mode: mode('Mode of the network rules.'),
}

/** `network` of a rule. */
export const ruleNetworkSchema: z.ZodType<RuleNetworkInput> = z.strictObject(ruleKeys)

/** `network`. */
export const networkSchema: z.ZodType<NetworkInput> = z.strictObject({
  ...ruleKeys,
  listeners: optional(
    z.strictObject({
      https: optional(addressRule, 'Who may come to the HTTPS port.'),
      http: optional(addressRule, 'Who may come to the port for plain HTTP.'),
    }),
    'Rules of single ports.',
  ),
  lists: optional(
    z.record(
      name(),
      z.strictObject({
        file: key(fileReference(), 'One address or block in each line; # and ; begin a comment.'),
        action: optional(
          z.literal(['deny', 'note']),
          'deny: 403; note: an event in the log.',
          DEFAULTS.addressListAction,
        ),
      }),
    ),
    'Lists of addresses by name, such as those of bad reputation; a changed file counts at once.',
  ),
  roles: optional(
    z.record(name(), addresses()),
    'Role -> from where whoever has it may come; from elsewhere the caller is refused.',
  ),
  geo: optional(
    z.union([z.literal('bundled'), fileReference()]),
    'The database of countries (MaxMind DB); bundled: a free one that comes with the program.',
    DEFAULTS.geo,
  ),
  geoMaxAge: optional(
    parsedTextOrOff('a duration such as 45d', parseDuration),
    'From which age on a database of your own does not count any more.',
    DEFAULTS.geoMaxAge,
  ),
})
