import type { Policy } from '../../pipeline/policy.ts'

export interface ErrorsConfig {
  /** The only kind there is: the outside learns the class of an error, the log its text. */
  readonly kind: 'generic'
}

export function configureErrors({ data }: Policy): ErrorsConfig | undefined {
  return data.errors === 'pass' ? undefined : { kind: 'generic' }
}
