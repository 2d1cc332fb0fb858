import { parseDuration } from '../../../base/units.ts'
import type { TokenPlace, WrapRule } from '../../../identity/wrapped/wrap-rule.ts'
import { DEFAULTS } from '../defaults.ts'
import type { AuthInput, WrapInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import { parseMemberPath, parseValueSource } from '../values/wrap.ts'
import type { Resolver } from './resolver.ts'
import { toList } from './resolver.ts'

/** Prefix of gateway keys that would make them look like wrapped tokens. */
const TAKEN_PREFIX = 'spw'

/** The tokens that are wrapped, in the order of the file; what is wrong is noted. */
export function resolveWraps(input: AuthInput, resolver: Resolver): readonly WrapRule[] {
  const { wrap } = input
  if (wrap === undefined) return []
  if (input.apiKey?.prefix === TAKEN_PREFIX)
    resolver.report.fault(['auth', 'apiKey', 'prefix'], 'is that of wrapped tokens')
  return isList(wrap)
    ? wrap.map((one, index) => resolveWrap(one, ['auth', 'wrap', index], resolver))
    : [resolveWrap(wrap, ['auth', 'wrap'], resolver)]
}

function isList(wrap: NonNullable<AuthInput['wrap']>): wrap is readonly WrapInput[] {
  return Array.isArray(wrap)
}

function resolveWrap(input: WrapInput, at: ConfigPath, resolver: Resolver): WrapRule {
  const { api, claims = [], expires = DEFAULTS.wrapExpires, opens = {} } = input
  return {
    api,
    operations: toList(input.operation),
    place: placeOf(input, at, resolver),
    subject: parseValueSource(input.subject, ''),
    claims: claims.map((claim) => parseValueSource(claim, '')),
    lifeMs: parseDuration(expires, ''),
    logout: toList(input.logout),
    opens: new Map(Object.entries(opens).map(([id, path]) => [id, parseMemberPath(path, '')])),
  }
}

function placeOf(
  { field, header, cookie }: WrapInput,
  at: ConfigPath,
  resolver: Resolver,
): TokenPlace {
  const places: TokenPlace[] = []
  if (field !== undefined) places.push({ in: 'field', path: parseMemberPath(field, '') })
  if (header !== undefined) places.push({ in: 'header', name: header.toLowerCase() })
  if (cookie !== undefined) places.push({ in: 'cookie', name: cookie })
  const [place, ...others] = places
  if (place !== undefined && others.length === 0) return place
  const message = place === undefined ? 'says not where the token stands' : 'names several places'
  resolver.report.fault(at, message, 'write field, header or cookie, one of them')
  return place ?? { in: 'field', path: [] }
}
