import { Secret } from '../../../base/secret.ts'
import { parseDuration } from '../../../base/units.ts'
import { SECRET_CURE } from '../../../identity/tokens/issuer-settings.ts'
import { secretWeakness } from '../../../identity/tokens/secret-strength.ts'
import type { Policy, SchemeKind } from '../../../pipeline/policy.ts'
import { DEFAULTS } from '../defaults.ts'
import type { AuthInput, IssuerInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { AuthSettings, IssuerSettings } from '../settings.ts'
import type { JwksSource } from '../values/jwt.ts'
import { isFetchable, parseJwks, SECRET_ALGS } from '../values/jwt.ts'
import { parseClaimPath } from '../values/text.ts'
import type { Resolver } from './resolver.ts'
import { toList } from './resolver.ts'
import { resolveWraps } from './wraps.ts'

interface Where {
  readonly at: ConfigPath
  readonly resolver: Resolver
}

/** The key that an API and the gateway share; a weak one is noted with the reason, never shown. */
function resolveSecret(input: IssuerInput, text: string, { at, resolver }: Where): JwksSource {
  const place = [...at, 'secret']
  const written = resolver.referenced(place, text).replace(/\r?\n$/, '')
  const encoding = input.secretEncoding ?? DEFAULTS.secretEncoding
  const secret = Buffer.from(written, encoding === 'text' ? 'utf8' : encoding)
  const { report } = resolver
  if (input.jwks !== undefined)
    report.fault(place, 'stands beside jwks', 'an issuer has public keys or a secret')
  const other = input.algs?.find((alg) => !isSecretAlg(alg))
  if (other !== undefined)
    report.fault([...at, 'algs'], `${other} takes a public key`, `with a secret: ${SECRET_LIST}`)
  // What is not set was noted already.
  const weakness = written === '' ? undefined : secretWeakness(secret)
  if (weakness !== undefined) report.fault(place, `the secret ${weakness}`, SECRET_CURE)
  return { kind: 'secret', secret: new Secret(secret) }
}

const SECRET_LIST = SECRET_ALGS.join(', ')

function isSecretAlg(alg: string): boolean {
  return SECRET_ALGS.some((known) => known === alg)
}

function checkPublic(input: IssuerInput, { at, resolver }: Where): void {
  const { report } = resolver
  if (input.audience === undefined) report.fault([...at, 'audience'], 'is missing')
  const hmac = input.algs?.find(isSecretAlg)
  if (hmac !== undefined)
    report.fault([...at, 'algs'], `${hmac} needs a secret`, 'add secret: env:NAME, or leave it out')
}

function resolveJwks(issuer: string, input: IssuerInput, where: Where): JwksSource {
  const { at, resolver } = where
  if (input.secret !== undefined) return resolveSecret(input, input.secret, where)
  if (!resolver.report.isPruned([...at, 'secret'])) checkPublic(input, where)
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
  const isShared = input.secret !== undefined
  return {
    issuer,
    audiences: toList(input.audience),
    algs: input.algs ?? (isShared ? DEFAULTS.secretAlgs : DEFAULTS.jwtAlgs),
    maxAgeMs: parseDuration(input.maxAge ?? DEFAULTS.jwtMaxAge, ''),
    skewMs: parseDuration(input.skew ?? DEFAULTS.jwtSkew, ''),
    jwks: resolveJwks(issuer, input, { at, resolver }),
    typ: toList(input.typ ?? (isShared ? DEFAULTS.secretTyp : DEFAULTS.jwtTyp)).map((typ) =>
      typ.toLowerCase(),
    ),
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
    if (kind === 'wrap' && input.wrap === undefined && !resolver.report.isPruned(['auth']))
      resolver.report.fault(
        ['auth', 'schemes', scheme],
        'wrap needs a log-in, and none is configured',
        'write auth.wrap',
      )
    if (kind !== 'jwt' || input.jwt !== undefined || resolver.report.isPruned(['auth'])) continue
    resolver.report.fault(
      ['auth', 'schemes', scheme],
      'jwt needs an issuer, and none is configured',
      'write auth.jwt.issuers',
    )
  }
  return {
    schemes,
    wraps: resolveWraps(input, resolver),
    rolesClaim: parseClaimPath(input.roles ?? DEFAULTS.rolesClaim, ''),
    groupsClaim: parseClaimPath(input.groups ?? DEFAULTS.groupsClaim, ''),
    tenantClaim: parseClaimPath(input.tenant ?? DEFAULTS.tenantClaim, ''),
  }
}
