import type { Policy, SchemeKind } from '../../pipeline/policy.ts'

export interface AuthenticateConfig {
  /** Document scheme -> how it is met, as configured. */
  readonly schemes: ReadonlyMap<string, SchemeKind>
}

export function configureAuthenticate({ auth }: Policy): AuthenticateConfig {
  return { schemes: auth.schemes }
}
