/** What proxies say of a request is the gateway's word alone; the list cannot be shortened. */
export type TrustedHeadersConfig = Readonly<Record<string, never>>

export function configureTrustedHeaders(): TrustedHeadersConfig {
  return {}
}
