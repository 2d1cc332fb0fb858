import type { Policy } from '../../pipeline/policy.ts'

export interface BodyConditionsConfig {
  /** Operation id -> condition. */
  readonly operations: ReadonlyMap<string, string>
}

export function configureBodyConditions({ authorize }: Policy): BodyConditionsConfig | undefined {
  return authorize.operations.size === 0 ? undefined : { operations: authorize.operations }
}
