import type { Policy } from '../../pipeline/policy.ts'

export interface CorsConfig {
  /** Origins as browsers send them; empty: no other origin may read answers. */
  readonly origins: ReadonlySet<string>
}

export function configureCors({ listen }: Policy): CorsConfig {
  return { origins: new Set(listen.cors) }
}
