import type { Rate } from '../../base/units.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface IpLimitConfig {
  readonly rate: Rate
  readonly headerAliases: readonly string[]
}

export function configureIpLimit({ limits }: Policy): IpLimitConfig | undefined {
  const { ip: rate, headerAliases } = limits
  return rate === undefined ? undefined : { rate, headerAliases }
}
