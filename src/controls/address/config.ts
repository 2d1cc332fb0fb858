import { compileAddressSet } from '../../base/cidr.ts'
import type { AddressSet } from '../../base/cidr.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface AddressConfig {
  readonly trustedProxies: AddressSet
  readonly forwardedHeader: 'x-forwarded-for' | 'forwarded'
}

export function configureAddress({ listen }: Policy): AddressConfig {
  return {
    trustedProxies: compileAddressSet(listen.trustedProxies, 'listen.trustedProxies'),
    forwardedHeader: listen.forwardedHeader,
  }
}
