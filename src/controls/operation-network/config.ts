import { ANYWHERE } from '../../pipeline/network-policy.ts'
import type { NetworkPolicy, OperationNetwork } from '../../pipeline/network-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface OperationNetworkConfig extends OperationNetwork {
  readonly roles: NetworkPolicy['roles']
}

export function configureOperationNetwork({ network }: Policy): OperationNetworkConfig | undefined {
  if (network === undefined) return undefined
  const { roles, operation } = network
  if (roles.size === 0 && operation === undefined) return undefined
  return { roles, ...(operation ?? { addresses: ANYWHERE, countries: undefined }) }
}
