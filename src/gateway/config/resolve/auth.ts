import { parseDuration } from '../../../base/units.ts'
import type { Policy, SchemeKind } from '../../../pipeline/policy.ts'
import { DEFAULTS } from '../defaults.ts'
import type { AuthInput, IssuerInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { AuthSettings, IssuerSettings } from '../settings.ts'
import type { JwksSource } from '../values/jwt.ts'
import { isFetchable, parseJwks } from '../values/jwt.ts'
import { parseClaimPath } from '../values/text.ts'
import type { Resolver } from './resolver.ts'
import { toList } from './resolver.ts'

function resolveJwks(
  issuer: string,
  input: IssuerInput,
  where: { readonly at: ConfigPath; readonly resolver: Resolver },
): JwksSource {
  const { at, resolver } = where
  if (input.jwks !== undefined) {
    const source = parseJwks(input.jwks, '')
    if (source.kind !== 'file') return source
    return { kind: 'file', path: resolver.guardedFile([...at, 'jwks'], source.path) }
  }
  if (!isFetchable(issuer)) {
    resolver.report.fault(
      at,
      'the keys of this issuer cannot be found by discovery',
      'that needs an https URL (http only on loopback); else write jwks: file:PATH or an https URL',
    )
  }
  return { kind: 'discovery' }
}

function resolveIssuer(issuer: string, input: IssuerInput, resolver: Resolver): IssuerSettings {
  const at = ['auth', 'jwt', 'issuers', issuer]
  return {
    issuer,
    audiences: toList(input.audience),
    algs: input.algs ?? DEFAULTS.jwtAlgs,
    maxAgeMs: parseDuration(input.maxAge ?? DEFAULTS.jwtMaxAge, ''),
    skewMs: parseDuration(input.skew ?? DEFAULTS.jwtSkew, ''),
    jwks: resolveJwks(issuer, input, { at, resolver }),
    typ: toList(input.typ ?? DEFAULTS.jwtTyp).map((typ) => typ.toLowerCase()),
  }
}

/** Who issues credentials. */
export function resolveAuth(input: AuthInput, resolver: Resolver): AuthSettings {
  const { apiKey, jwt } = input
  if (jwt !== undefined && Object.keys(jwt.issuers).length === 0) {
    resolver.report.fault(
      ['auth', 'jwt', 'issuers'],
      'names no issuer',
      'write ISSUER: { audience }',
    )
  }
  return {
    apiKey: {
      prefix: apiKey?.prefix ?? DEFAULTS.keyPrefix,
      expiresMs: parseDuration(apiKey?.expires ?? DEFAULTS.keyExpires, ''),
      overlapMs: parseDuration(apiKey?.overlap ?? DEFAULTS.keyOverlap, ''),
    },
    issuers: Object.entries(jwt?.issuers ?? {}).map(([issuer, settings]) =>
      resolveIssuer(issuer, settings, resolver),
    ),
  }
}

/** How the schemes of documents are met. */
export function resolveSchemes(input: AuthInput, resolver: Resolver): Policy['auth'] {
  const schemes = new Map<string, SchemeKind>(Object.entries(input.schemes ?? {}))
  for (const [scheme, kind] of schemes) {
    if (kind !== 'jwt' || input.jwt !== undefined || resolver.report.isPruned(['auth'])) continue
    resolver.report.fault(
      ['auth', 'schemes', scheme],
      'jwt needs an issuer, and none is configured',
      'write auth.jwt.issuers',
    )
  }
  return {
    schemes,
    rolesClaim: parseClaimPath(input.roles ?? DEFAULTS.rolesClaim, ''),
    groupsClaim: parseClaimPath(input.groups ?? DEFAULTS.groupsClaim, ''),
    tenantClaim: parseClaimPath(input.tenant ?? DEFAULTS.tenantClaim, ''),
  }
}
