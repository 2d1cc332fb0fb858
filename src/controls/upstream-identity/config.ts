import type { Policy, UpstreamIdentity } from '../../pipeline/policy.ts'

export interface UpstreamIdentityConfig {
  /** API -> what its token says of issuer and audience. */
  readonly identities: ReadonlyMap<string, UpstreamIdentity>
}

export function configureUpstreamIdentity({
  upstream,
}: Policy): UpstreamIdentityConfig | undefined {
  return upstream.identities.size === 0 ? undefined : upstream
}
