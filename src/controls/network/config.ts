import { ANY_NETWORK } from '../../pipeline/network-policy.ts'
import type { NetworkPolicy } from '../../pipeline/network-policy.ts'
import type { Policy } from '../../pipeline/policy.ts'

/** `undefined` where nothing is said and nobody asks where clients are. */
export function configureNetwork({ network, listen }: Policy): NetworkPolicy | undefined {
  return network ?? (listen.knowsPlaces === true ? ANY_NETWORK : undefined)
}
