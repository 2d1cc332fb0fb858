import type { AddressSet } from '../../base/cidr.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import { callerRoles } from '../caller-roles.ts'
import type { Kit } from '../kit.ts'
import {
  addressJudge,
  addressSet,
  countryJudge,
  NETWORK_REASON,
  REGION_REASON,
} from '../network-rules.ts'
import { configureOperationNetwork } from './config.ts'
import type { OperationNetworkConfig } from './config.ts'

/** Keeps operations, and what roles may do, to the networks that are named for them. */
export const operationNetwork: Control<OperationNetworkConfig, Kit> = {
  name: 'operation-network',
  ids: ['NET-02', 'NET-03'],
  stage: 'authorize',
  scope: 'operation',
  block: 'network',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    operation_network: NETWORK_REASON,
    role_network: NETWORK_REASON,
    region: REGION_REASON,
  },
  configure: configureOperationNetwork,
  compile: (config, site, kit) =>
    site === undefined ? undefined : operationNetworkGuard(config, site.policy, kit),
}

const OPERATION: Denial = Object.freeze({ reason: 'operation_network' })

function operationNetworkGuard(config: OperationNetworkConfig, policy: Policy, kit: Kit): Guard {
  const mayCome = addressJudge(config.addresses)
  const judgeCountry = countryJudge(config.countries, kit)
  const judgeRoles = roleJudge(config.roles, policy)
  return {
    onRequest: (exchange) => {
      if (mayCome?.(exchange.clientAddress) === false) return OPERATION
      return judgeCountry?.(exchange) ?? judgeRoles?.(exchange)
    },
  }
}

/** Whoever has a role is held to its networks, whatever other role would let them in: deny wins. */
function roleJudge(
  roles: OperationNetworkConfig['roles'],
  policy: Policy,
): ((exchange: Exchange) => Denial | undefined) | undefined {
  if (roles.size === 0) return undefined
  const networks = new Map<string, AddressSet>()
  for (const [role, addresses] of roles) networks.set(role, addressSet(addresses))
  const known = callerRoles(policy)
  return (exchange) => {
    for (const role of known.of(exchange)) {
      if (networks.get(role)?.has(exchange.clientAddress) === false) {
        return { reason: 'role_network', detail: role }
      }
    }
    return undefined
  }
}
