import { compileAddressSet } from '../../base/cidr.ts'
import { memo } from '../../base/memo.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Exchange } from '../../pipeline/exchange.ts'

/** What a client looks like, coarsely: what one client keeps from request to request. */
export interface Features {
  /** IPv4 by /24, IPv6 by /48. */
  readonly network: string
  /** The user agent without its versions. */
  readonly agent: string
  /**
   * HTTP and TLS version and the cipher that was agreed on; behind a proxy of ours, the fingerprint that it tells.
   * `undefined`: it tells none.
   */
  readonly stack: string | undefined
  /** Kind of client by its handshake; `undefined` where that says nothing: a part of the stack that may be missing. */
  readonly hello: string | undefined
}

export const FEATURE_NAMES = ['network', 'agent', 'stack'] as const
export type FeatureName = (typeof FEATURE_NAMES)[number]

const REMEMBERED = { maxEntries: 8192, maxChars: 1024 }
const MAX_AGENT_CHARS = 200
const MAX_FINGERPRINT_CHARS = 100

/** The part of an address that stays while a client moves in its network; a text that is no address stays whole. */
export function networkOf(clientKey: string): string {
  if (!clientKey.includes(':')) return clientKey.replace(/\.\d{1,3}$/, '.0/24')
  // Limits count IPv6 by its /64: the first three of four groups are the site. `::` stands for zeros.
  const groups = clientKey.replace(/\/64$/, '').split('::')[0]?.split(':') ?? []
  return `${[...groups, '0', '0', '0'].slice(0, 3).join(':')}::/48`
}

/** A user agent without numbers, so that an update changes nothing. */
export function agentClass(agent: string): string {
  const text = agent.slice(0, MAX_AGENT_CHARS).replaceAll(/\d[\w.]*/g, '')
  return text.trim() === '' ? 'none' : text
}

/** Makes the reader of features; texts are remembered. `fingerprint`: the field that `trustedProxies` write. */
export function featureReader(
  trustedProxies: readonly string[],
  fingerprint: string | undefined,
): (exchange: Exchange) => Features {
  const proxies = compileAddressSet(trustedProxies, 'listen.trustedProxies')
  const networks = memo(networkOf, REMEMBERED)
  const agents = memo(agentClass, REMEMBERED)
  return ({ clientKey, head }) => {
    // The connection is the proxy's: neither its handshake nor its protocol is the client's.
    const isRelayed = trustedProxies.length > 0 && proxies.has(head.peerAddress)
    return {
      network: networks(clientKey),
      agent: agents(head.headers.get('user-agent') ?? ''),
      stack: isRelayed ? toldStack(head, fingerprint) : ownStack(head),
      hello: isRelayed ? undefined : head.tls?.clientClass,
    }
  }
}

function ownStack({ httpVersion, tls }: RequestHead): string {
  return `${httpVersion} ${tls?.protocol ?? 'plain'} ${tls?.cipher ?? ''}`
}

function toldStack({ headers }: RequestHead, fingerprint: string | undefined): string | undefined {
  if (fingerprint === undefined) return undefined
  // The last one is what the proxy wrote itself.
  const told = headers.all(fingerprint).at(-1)?.trim().slice(0, MAX_FINGERPRINT_CHARS)
  return told === undefined || told === '' ? undefined : `told ${told}`
}
