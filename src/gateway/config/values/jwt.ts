import { ConfigError } from '../../../base/config-error.ts'
import type { Secret } from '../../../base/secret.ts'
import { showValue } from '../report.ts'
import { isLoopbackHost } from './network.ts'

/** Algorithms an issuer may be configured with: asymmetric only, none below SHA-256 [TOK-02]. */
export const JWT_ALGS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** Algorithms of issuers that share a secret, and of no others. */
export const SECRET_ALGS = ['HS256', 'HS384', 'HS512'] as const

/** Where an issuer's keys are. */
export type JwksSource =
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'secret'; readonly secret: Secret<Buffer> }

/** Whether the gateway may fetch from a URL: https, or http to this machine; no credentials in it [ADM-03]. */
export function isFetchable(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/** Reads an issuer as tokens name it (`iss`). Throws `ConfigError`. */
export function parseIssuer(text: string, path: string): string {
  if (text.length > 0 && text.length <= 1000 && !/\s/.test(text)) return text
  throw new ConfigError({
    path,
    message: `${showValue(text)} is not an issuer`,
    cure: 'write the exact iss of its tokens, such as https://id.example.com',
  })
}

/** Reads `jwks`: a URL or `file:PATH`, the path as written. Throws `ConfigError`. */
export function parseJwks(text: string, path: string): JwksSource {
  const file = /^file:([^\0\n]{1,1000})$/.exec(text)?.[1]
  if (file !== undefined) return { kind: 'file', path: file }
  if (isFetchable(text)) return { kind: 'url', url: text }
  throw new ConfigError({
    path,
    message: `${showValue(text)} is no place for keys`,
    cure: 'write an https URL, an http URL on loopback, or file:PATH',
  })
}
