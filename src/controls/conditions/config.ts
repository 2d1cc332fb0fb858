import type { Policy } from '../../pipeline/policy.ts'

export interface ConditionsConfig {
  /** Operation id -> condition. */
  readonly operations: ReadonlyMap<string, string>
}

export function configureConditions({ authorize }: Policy): ConditionsConfig | undefined {
  return authorize.operations.size === 0 ? undefined : { operations: authorize.operations }
}
