import { readFile } from 'node:fs/promises'
import { isObject, member } from './compact.ts'
import { FetchError, fetchJson } from './fetch-guard.ts'
import type { Issuer } from './issuer-settings.ts'
import { parseKeySet } from './key-set.ts'
import type { KeySet } from './key-set.ts'

/** Where an issuer's keys come from. Rejects when they cannot be had. */
export type KeySource = () => Promise<KeySet>

/** The source that the configuration names: a file, a URL, or what the issuer's own metadata says. */
export function keySource(issuer: Issuer): KeySource {
  const { jwks, iss } = issuer
  if (jwks === undefined) return () => discovered(iss)
  if ('file' in jwks)
    return async () => readKeySet(JSON.parse(await readFile(jwks.file, 'utf8')), jwks.file)
  return async () => readKeySet(await fetchJson(jwks.url, hostsOf(jwks.url)), jwks.url)
}

function readKeySet(document: unknown, place: string): KeySet {
  const set = parseKeySet(document)
  if (set === undefined) throw new FetchError('failed', `${place} is no JWK Set`)
  return set
}

/** The host that the operator wrote is trusted whatever its address; hosts that metadata names are not. */
function hostsOf(url: string): ReadonlySet<string> {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '')
  return new Set(host === undefined ? [] : [host])
}

/** RFC 8414 section 3, then OpenID Connect Discovery section 4. */
async function discovered(iss: string): Promise<KeySet> {
  const faults: unknown[] = []
  for (const url of metadataUrls(iss)) {
    try {
      const jwksUri = readMetadata(await fetchJson(url, hostsOf(iss)), iss, url)
      return readKeySet(await fetchJson(jwksUri, hostsOf(iss)), jwksUri)
    } catch (cause) {
      // An issuer may publish only one of the two; what both said goes into the error.
      faults.push(cause)
    }
  }
  const details = faults.map((fault) => (fault instanceof Error ? fault.message : String(fault)))
  const isBlocked = faults.some((fault) => fault instanceof FetchError && fault.code === 'blocked')
  throw new FetchError(
    isBlocked ? 'blocked' : 'failed',
    details.join('; '),
    new AggregateError(faults),
  )
}

function metadataUrls(iss: string): readonly string[] {
  const { origin, pathname } = new URL(iss)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
}

/** RFC 8414 section 3.3: metadata that names another issuer must not be used. */
function readMetadata(document: unknown, iss: string, url: string): string {
  const metadata = isObject(document) ? document : {}
  if (member(metadata, 'issuer') !== iss)
    throw new FetchError('failed', `${url} is of another issuer`)
  const jwksUri = member(metadata, 'jwks_uri')
  if (typeof jwksUri !== 'string') throw new FetchError('failed', `${url} names no jwks_uri`)
  return jwksUri
}
