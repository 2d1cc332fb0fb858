import type { KeyedRate } from '../../base/units.ts'
import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { limitFields } from '../limit-policies.ts'
import { isDecidedEarly } from '../principal-limit/config.ts'

export interface OperationLimitConfig {
  /** The limit of the operation; `undefined`: none, or decided with those of the caller. */
  readonly limit: KeyedRate | undefined
  /** How often somebody goes through it. */
  readonly flows: readonly KeyedRate[]
  readonly fields: ReturnType<typeof limitFields>
  readonly waits: boolean
}

/** The limits of the operation, and of the flows that the document may mark. */
export function configureOperationLimit(policy: Policy): OperationLimitConfig | undefined {
  const { operation, operationsOff } = policy.limits
  if (operationsOff && operation === undefined) return undefined
  const control = { name: 'operation-limit', block: 'limits', adopt: 'enforce' } as const
  return {
    limit:
      operation?.rate === undefined || isDecidedEarly(policy)
        ? undefined
        : { rate: operation.rate, by: operation.by },
    flows: operation?.flows ?? [],
    fields: limitFields(policy),
    waits: modeOf(control, policy) === 'enforce',
  }
}
