import { modeOf } from '../../pipeline/control.ts'
import type { Policy, SchemeKind } from '../../pipeline/policy.ts'

export interface CredentialStripConfig {
  readonly schemes: ReadonlyMap<string, SchemeKind>
  /** The document may be wrong about cookies: all pass. */
  readonly passesCookies: boolean
  /** Credentials are only watched: what nobody verified here is the API's own affair and passes. */
  readonly isWatching: boolean
}

/** How the control itself is governed. */
const OWN = { name: 'credential-strip', block: 'auth', adopt: 'enforce' } as const

export function configureCredentialStrip(policy: Policy): CredentialStripConfig {
  const isWatching = modeOf(OWN, policy) === 'monitor'
  return {
    schemes: policy.auth.schemes,
    isWatching,
    passesCookies: isWatching || policy.adopt !== undefined,
  }
}
