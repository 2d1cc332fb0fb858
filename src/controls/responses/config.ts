import type { Policy } from '../../pipeline/policy.ts'

export interface ResponsesConfig {
  /** `filter` drops what is not declared; `strict` refuses the answer instead. */
  readonly kind: 'filter' | 'strict'
}

export function configureResponses({ validate }: Policy): ResponsesConfig | undefined {
  if (validate.response === 'off') return undefined
  return { kind: validate.response === 'strict' ? 'strict' : 'filter' }
}
