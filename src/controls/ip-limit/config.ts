import type { Policy, Rate } from '../../pipeline/policy.ts'

export interface IpLimitConfig {
  readonly rate: Rate
}

export function configureIpLimit({ limits }: Policy): IpLimitConfig | undefined {
  return limits.ip === undefined ? undefined : { rate: limits.ip }
}
