import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface ResponsesConfig {
  /** `filter` drops what is not declared; `strict` refuses the answer instead. */
  readonly kind: 'filter' | 'strict'
  /** Another control replaces the API's failures (5xx) and wants to see their bodies first. */
  readonly leavesFailures: boolean
}

/** How `errors` is governed, without its code. */
const ERRORS = { name: 'errors', block: 'data', adopt: 'enforce' } as const

/** `observe` is `filter` that only watches: the policy sets the mode. */
export function configureResponses(policy: Policy): ResponsesConfig | undefined {
  const { response } = policy.validate
  if (response === 'off') return undefined
  const leavesFailures = policy.data.errors === 'generic' && modeOf(ERRORS, policy) === 'enforce'
  return { kind: response === 'strict' ? 'strict' : 'filter', leavesFailures }
}
