import { createPrivateKey, X509Certificate } from 'node:crypto'
import { parseDuration } from '../../../base/units.ts'
import { Secret } from '../../../base/secret.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ApiInput, HealthCheckInput, UpstreamObjectInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { UpstreamSettings } from '../settings.ts'
import { isLoopbackHost, parseUpstreamUrl } from '../values/network.ts'
import type { UpstreamUrl } from '../values/network.ts'
import { parseBreaker } from '../values/upstream.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

interface Where {
  readonly at: ConfigPath
  readonly resolver: Resolver
}

interface WeighedUrl extends UpstreamUrl {
  readonly at: ConfigPath
  readonly weight: number
}

/** `upstream` of the API called `name`. */
export function resolveUpstream(
  name: string,
  input: ApiInput['upstream'],
  where: Where,
): UpstreamSettings {
  const { at, resolver } = where
  const object = typeof input === 'string' ? {} : input
  const urls =
    typeof input === 'string'
      ? [{ ...parseUpstreamUrl(input, ''), at, weight: 1 }]
      : urlsOf(input, where)
  for (const url of urls) if (object.allowPlain !== true) refusePlain(url, resolver)
  const first = urls[0]
  return {
    origin: first?.origin ?? '',
    origins: urls.map(({ origin, weight }) => ({ origin, weight })),
    path: first?.path ?? (object.stripBasePath === true ? '' : undefined),
    protocol: object.protocol === 'h2' ? 'h2' : undefined,
    timeoutMs: parseDuration(object.timeout ?? DEFAULTS.upstreamTimeout, ''),
    connectMs: parseDuration(object.connectTimeout ?? DEFAULTS.upstreamConnectTimeout, ''),
    ca: object.ca === undefined ? undefined : resolver.referenced([...at, 'ca'], object.ca),
    clientCertificate: resolveClientCertificate(object, where),
    retries: (object.retry ?? DEFAULTS.upstreamRetry) > 0,
    breaker: isOff(object.breaker)
      ? undefined
      : parseBreaker(object.breaker ?? DEFAULTS.upstreamBreaker, ''),
    health: resolveHealth(object.health),
    identity: resolveIdentity(name, object.identity),
  }
}

function urlsOf(input: UpstreamObjectInput, { at, resolver }: Where): readonly WeighedUrl[] {
  const { url, urls } = input
  if ((url === undefined) === (urls === undefined)) {
    const message = url === undefined ? 'names no url' : 'names url and urls'
    resolver.report.fault(at, message, 'write url, or urls for several places that serve alike')
  }
  const listed = urls ?? []
  const found = listed.map((entry, index): WeighedUrl => {
    const { url, weight = 1 } = typeof entry === 'string' ? { url: entry } : entry
    return { ...parseUpstreamUrl(url, ''), at: [...at, 'urls', index], weight }
  })
  if (url !== undefined) return [{ ...parseUpstreamUrl(url, ''), at: [...at, 'url'], weight: 1 }]
  for (const other of found.slice(1)) {
    if (other.path === found[0]?.path) continue
    resolver.report.fault(other.at, 'has another path than the first', 'let all serve one path')
  }
  return found
}

function refusePlain({ isPlain, hostname, at }: WeighedUrl, { report }: Resolver): void {
  if (!isPlain || isLoopbackHost(hostname)) return
  report.fault(
    at,
    `plain http to ${hostname}, which is not this machine`,
    'use https, or write upstream: { url: …, allowPlain: true } if the network in between is yours',
  )
}

function resolveClientCertificate(
  { cert, key }: Partial<UpstreamObjectInput>,
  { at, resolver }: Where,
): UpstreamSettings['clientCertificate'] {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? 'cert' : 'key'
    resolver.report.fault(at, `${missing} is missing`, 'write cert and key, or neither')
    return undefined
  }
  const pair = {
    cert: resolver.referenced([...at, 'cert'], cert),
    key: resolver.referenced([...at, 'key'], key),
  }
  // An empty text was reported already.
  if (pair.cert !== '' && pair.key !== '' && !isPair(pair)) {
    resolver.report.fault(
      [...at, 'key'],
      'is not the key of cert',
      'name the key that was certified',
    )
  }
  return { cert: pair.cert, key: new Secret(pair.key) }
}

function isPair({ cert, key }: { readonly cert: string; readonly key: string }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function resolveHealth(input: string | HealthCheckInput | undefined): UpstreamSettings['health'] {
  if (input === undefined) return undefined
  const { path, every, timeout } = typeof input === 'string' ? { path: input } : input
  return {
    path,
    everyMs: parseDuration(every ?? DEFAULTS.healthEvery, ''),
    timeoutMs: parseDuration(timeout ?? DEFAULTS.healthTimeout, ''),
  }
}

/** Sent unless it is switched off; written down, it is the operator's word that the API checks it. */
function resolveIdentity(
  api: string,
  input: UpstreamObjectInput['identity'],
): UpstreamSettings['identity'] {
  if (input === false) return undefined
  const { audience, issuer } = typeof input === 'object' ? input : {}
  return {
    iss: issuer ?? DEFAULTS.identityIssuer,
    aud: audience ?? api,
    isStated: input !== undefined,
  }
}
