import type { Policy } from '../../pipeline/policy.ts'

export interface ParametersConfig {
  readonly kind: 'strict' | 'schema'
}

export function configureParameters({ validate }: Policy): ParametersConfig | undefined {
  return validate.request === 'off' ? undefined : { kind: validate.request }
}
