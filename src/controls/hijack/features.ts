import { memo } from '../../base/memo.ts'
import type { Exchange } from '../../pipeline/exchange.ts'

/** What a client looks like, coarsely: what one client keeps from request to request. */
export interface Features {
  /** IPv4 by /24, IPv6 by /48. */
  readonly network: string
  /** The user agent without its versions. */
  readonly agent: string
  /** HTTP and TLS version and the cipher that was agreed on. */
  readonly stack: string
}

export const FEATURE_NAMES = ['network', 'agent', 'stack'] as const

const REMEMBERED = { maxEntries: 8192, maxChars: 1024 }
const MAX_AGENT_CHARS = 200

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

/** Makes the reader of features; texts are remembered. */
export function featureReader(): (exchange: Exchange) => Features {
  const networks = memo(networkOf, REMEMBERED)
  const agents = memo(agentClass, REMEMBERED)
  return ({ clientKey, head }) => ({
    network: networks(clientKey),
    agent: agents(head.headers.get('user-agent') ?? ''),
    stack: `${head.httpVersion} ${head.tls?.protocol ?? 'plain'} ${head.tls?.cipher ?? ''}`,
  })
}
