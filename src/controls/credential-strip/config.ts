import type { Policy, SchemeKind } from '../../pipeline/policy.ts'

export interface CredentialStripConfig {
  readonly schemes: ReadonlyMap<string, SchemeKind>
}

export function configureCredentialStrip({ auth }: Policy): CredentialStripConfig {
  return { schemes: auth.schemes }
}
