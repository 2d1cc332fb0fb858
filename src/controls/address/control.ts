import { addressKey, isPrivate } from '../../base/cidr.ts'
import { forwardedAddresses } from '../../http/forwarded.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { configureAddress } from './config.ts'
import type { AddressConfig } from './config.ts'

/** Finds the client's address: the socket's peer, or what trusted proxies say, read from the right. */
export const address: Control<AddressConfig, Kit> = {
  name: 'address',
  ids: ['NET-01'],
  stage: 'admit',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    forwarded_malformed: {
      status: 400,
      problem: 'malformed_message',
      title: 'Malformed message',
      event: 'sp_protocol_violation',
    },
  },
  configure: configureAddress,
  compile: (config) => addressGuard(config),
}

const MALFORMED: Denial = Object.freeze({
  reason: 'forwarded_malformed',
  detail: 'a trusted proxy sent a forwarded address that is none',
})

function addressGuard(config: AddressConfig): Guard {
  return {
    onRequest: (exchange) => {
      const { head } = exchange
      exchange.isSecure = head.tls !== undefined
      settle(exchange, head.peerAddress)
      if (!config.trustedProxies.has(head.peerAddress)) {
        exchange.hidesClients = isUnlistedProxy(exchange)
        return undefined
      }
      return behindProxy(exchange, config)
    },
  }
}

function settle(exchange: Exchange, clientAddress: string): void {
  exchange.clientAddress = clientAddress
  exchange.clientKey = addressKey(clientAddress)
}

function behindProxy(exchange: Exchange, config: AddressConfig): Denial | undefined {
  const { headers } = exchange.head
  // Only the last value counts: it is the one the trusted proxy itself wrote.
  const proto = headers.all('x-forwarded-proto').at(-1)?.split(',').at(-1)?.trim().toLowerCase()
  if (proto === 'https') exchange.isSecure = true
  const hops = forwardedAddresses(headers.all(config.forwardedHeader), config.forwardedHeader)
  if (hops === undefined) return MALFORMED
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = hops[index] as string
    settle(exchange, hop)
    if (!config.trustedProxies.has(hop)) break
  }
  return undefined
}

/** A private neighbor that speaks of other clients is a proxy nobody listed: its address stands for all of them. */
function isUnlistedProxy({ head }: Exchange): boolean {
  return (
    (head.headers.has('x-forwarded-for') || head.headers.has('forwarded')) &&
    isPrivate(head.peerAddress)
  )
}
