import { formatAddress, parseAddress } from '../../base/address.ts'
import { addressKey, isPrivate } from '../../base/cidr.ts'
import { memo } from '../../base/memo.ts'
import { forwardedAddresses, parseForwarded } from '../../http/forwarded.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, SecurityEvent } from '../../pipeline/exchange.ts'
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
  compile: (config, _site, kit) => addressGuard(config, kit),
}

const MALFORMED: Denial = Object.freeze({
  reason: 'forwarded_malformed',
  detail: 'a trusted proxy sent a forwarded address that is none',
})

/** Bans by address are off for this request: said once a minute, so that the log stays readable. */
const HIDDEN: SecurityEvent = Object.freeze({
  name: 'sp_client_hidden',
  level: 'warn',
  control: 'address',
  reason: 'clients_hidden',
  detail: 'a proxy hides its clients: list it under listen.trustedProxies and let it name them',
})
const WARN_EVERY_MS = 60_000

/** What is known of the other end of a connection. */
interface Peer {
  readonly address: string
  readonly key: string
  readonly isTrusted: boolean
}

/** Connections bring many requests each, and balancers all of them. */
const PEERS = { maxEntries: 4096, maxChars: 64 }

function addressGuard(config: AddressConfig, { clock }: Kit): Guard {
  let warnAtMs = -Infinity
  const peerOf = memo((text): Peer => {
    const peer = canonical(text)
    return { address: peer, key: addressKey(peer), isTrusted: config.trustedProxies.has(text) }
  }, PEERS)
  return {
    onRequest: (exchange) => {
      const denial = findClient(exchange, peerOf(exchange.head.peerAddress), config)
      if (exchange.hidesClients && clock.nowMs() >= warnAtMs) {
        warnAtMs = clock.nowMs() + WARN_EVERY_MS
        exchange.events.push(HIDDEN)
      }
      return denial
    },
  }
}

function findClient(exchange: Exchange, peer: Peer, config: AddressConfig): Denial | undefined {
  exchange.isSecure = exchange.head.tls !== undefined
  exchange.clientAddress = peer.address
  exchange.clientKey = peer.key
  if (peer.isTrusted) return behindProxy(exchange, config)
  exchange.hidesClients = isUnlistedProxy(exchange)
  return undefined
}

/** IPv4 in IPv6 spelling is IPv4, in logs and for the API too. */
function canonical(address: string): string {
  if (!address.includes(':')) return address
  const bits = parseAddress(address)
  return bits === undefined ? address : formatAddress(bits)
}

function settle(exchange: Exchange, clientAddress: string): void {
  exchange.clientAddress = clientAddress
  exchange.clientKey = addressKey(clientAddress)
}

function behindProxy(exchange: Exchange, config: AddressConfig): Denial | undefined {
  const { headers } = exchange.head
  // A proxy that says nothing at all: nobody is named, and no scheme.
  if (!headers.has(config.forwardedHeader) && !headers.has('x-forwarded-proto')) {
    exchange.hidesClients = true
    return undefined
  }
  const hops = forwardedAddresses(headers.all(config.forwardedHeader), config.forwardedHeader)
  if (hops === undefined) return MALFORMED
  if (outerScheme(exchange, config) === 'https') exchange.isSecure = true
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = hops[index] as string
    settle(exchange, hop)
    if (!config.trustedProxies.has(hop)) break
  }
  // Without a named client the proxy's own address, or none, stands for everybody behind it.
  exchange.hidesClients = hops.length === 0 || parseAddress(exchange.clientAddress) === undefined
  return undefined
}

/**
 * The scheme that the proxy says it was called by: the last value, the one it wrote itself. A proxy that writes
 * `Forwarded` passes a client's `X-Forwarded-Proto` on, so only one of the two is looked at.
 */
function outerScheme({ head }: Exchange, config: AddressConfig): string | undefined {
  if (config.forwardedHeader === 'forwarded') {
    const hops = parseForwarded(head.headers.all('forwarded'))
    return 'fault' in hops ? undefined : hops.at(-1)?.proto
  }
  return head.headers.all('x-forwarded-proto').at(-1)?.split(',').at(-1)?.trim().toLowerCase()
}

/** A private neighbor that speaks of other clients is a proxy nobody listed: its address stands for all of them. */
function isUnlistedProxy({ head }: Exchange): boolean {
  return (
    (head.headers.has('x-forwarded-for') || head.headers.has('forwarded')) &&
    isPrivate(head.peerAddress)
  )
}
