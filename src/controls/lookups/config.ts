import type { LookupRule } from '../../pipeline/lookup-rule.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface LookupsConfig {
  /** Name -> where the value is read. */
  readonly rules: ReadonlyMap<string, LookupRule>
}

export function configureLookups({ authorize: { lookups } }: Policy): LookupsConfig | undefined {
  return lookups === undefined || lookups.size === 0 ? undefined : { rules: lookups }
}
