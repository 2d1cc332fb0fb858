import type { Policy } from '../../pipeline/policy.ts'

export interface CsrfConfig {
  /** Origins that may send requests with the user's cookies. */
  readonly origins: ReadonlySet<string>
}

export function configureCsrf({ listen }: Policy): CsrfConfig {
  return { origins: new Set(listen.cors) }
}
