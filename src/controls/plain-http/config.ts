import { compileAddressSet } from '../../base/cidr.ts'
import type { AddressSet } from '../../base/cidr.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface PlainHttpConfig {
  readonly plain: 'redirect' | 'refuse' | 'serve'
  readonly httpsPort: number | undefined
  readonly trustedProxies: AddressSet
}

export function configurePlainHttp({ listen }: Policy): PlainHttpConfig {
  return {
    plain: listen.plain,
    httpsPort: listen.httpsPort,
    trustedProxies: compileAddressSet(listen.trustedProxies, 'listen.trustedProxies'),
  }
}
