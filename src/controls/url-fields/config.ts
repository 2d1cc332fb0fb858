import type { Policy } from '../../pipeline/policy.ts'

export interface UrlFieldsConfig {
  /** Hosts that may be named, `host` or `host:port`; empty: any public name. */
  readonly allowHosts: ReadonlySet<string>
}

export function configureUrlFields({ validate }: Policy): UrlFieldsConfig | undefined {
  return validate.request === 'off' ? undefined : { allowHosts: new Set(validate.urlHosts) }
}
