import { isLoopback } from '../../base/cidr.ts'
import { memo } from '../../base/memo.ts'
import { effectiveHost } from '../../http/head.ts'
import { canonicalQuery } from '../../http/query.ts'
import { canonicalTarget } from '../../http/target.ts'
import { bearerTexts } from '../../identity/credentials.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { credentialFinder } from './cleartext-credentials.ts'
import { configurePlainHttp } from './config.ts'
import type { PlainHttpConfig } from './config.ts'

const REFUSED = {
  status: 403,
  problem: 'https_required',
  title: 'HTTPS required',
  close: true,
} as const

/** Keeps the API off plain HTTP; a credential that came in clear is burnt. DESIGN 6, "Plain HTTP". */
export const plainHttp: Control<PlainHttpConfig, Kit> = {
  name: 'plain-http',
  ids: ['TRN-02'],
  stage: 'admit',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    https_required: { ...REFUSED },
    cleartext_credential: { ...REFUSED, event: 'sp_cleartext_credential', level: 'critical' },
    to_https: { status: 308, problem: 'to_https', title: 'Moved to HTTPS', close: true },
  },
  configure: configurePlainHttp,
  compile: (config, _site, kit) => plainHttpGuard(config, kit),
}

const HTTPS_REQUIRED: Denial = Object.freeze({ reason: 'https_required' })

function plainHttpGuard(config: PlainHttpConfig, kit: Kit): Guard {
  const findCredentials = credentialFinder(kit)
  // Plain HTTP is served on loopback, and to a balancer that ends TLS.
  const mayServe = memo((peer) => isLoopback(peer) || config.trustedProxies.has(peer), PEERS)
  return {
    onRequest: (exchange) => {
      if (exchange.isSecure) return undefined
      const { peerAddress, relayAddress = peerAddress } = exchange.head
      if (config.plain === 'serve' && mayServe(relayAddress)) return undefined
      const credentials = findCredentials(exchange)
      if (credentials !== undefined) return burnt(credentials, kit)
      if (config.plain !== 'redirect') return HTTPS_REQUIRED
      return redirect(exchange, config)
    },
  }
}

/** Connections stay, and their peers come back. */
const PEERS = { maxEntries: 1024, maxChars: 64 }

function burnt(texts: readonly string[], kit: Kit): Denial {
  for (const text of bearerTexts(texts)) kit.keys.markExposed(text, kit.clock.nowMs())
  return { reason: 'cleartext_credential', detail: 'a credential came over plain HTTP' }
}

/** 308 keeps the method (RFC 9110 section 15.4.9); without a clean target there is nowhere to send the client. */
function redirect(exchange: Exchange, config: PlainHttpConfig): Denial {
  const host = effectiveHost(exchange.head.headers, exchange.head.authority)
  const target = canonicalTarget(exchange.head.rawTarget)
  if (host === undefined || config.httpsPort === undefined || 'fault' in target)
    return HTTPS_REQUIRED
  const name = host.name.includes(':') ? `[${host.name}]` : host.name
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`
  const query = canonicalQuery(target.query)
  if ('fault' in query) return HTTPS_REQUIRED
  const search = query.text === '' ? '' : `?${query.text}`
  return {
    reason: 'to_https',
    headers: ['Location', `https://${name}${port}${target.path}${search}`],
  }
}
