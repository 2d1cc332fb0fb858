import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { carriesCookie, credentialCookies } from '../cookie-credential.ts'
import type { Kit } from '../kit.ts'
import { isOwnOrigin } from '../own-origin.ts'
import { configureCsrf } from './config.ts'
import type { CsrfConfig } from './config.ts'

/** Where a cookie is the credential, requests that change things must come from our own pages or a listed origin. */
export const csrf: Control<CsrfConfig, Kit> = {
  name: 'csrf',
  ids: ['SES-07'],
  stage: 'authenticate',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    cross_site: {
      status: 403,
      problem: 'cross_site',
      title: 'Cross-site request refused',
      event: 'malicious_csrf',
    },
  },
  configure: configureCsrf,
  compile: (config, site, kit) => (site === undefined ? undefined : csrfGuard(config, site, kit)),
}

const CROSS_SITE: Denial = Object.freeze({ reason: 'cross_site' })
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'QUERY'])

function csrfGuard({ origins }: CsrfConfig, site: Site, kit: Kit): Guard | undefined {
  // A page may open a WebSocket anywhere, cookies included, and then read what it says.
  const isUpgrade = site.operation.responses.has('101')
  const cookies = credentialCookies(site, kit)
  if (cookies.size === 0 || (SAFE_METHODS.has(site.operation.method) && !isUpgrade))
    return undefined
  return {
    onRequest: (exchange) => {
      if (!carriesCookie(exchange, cookies)) return undefined
      return isFromHere(exchange) || isListed(exchange, origins) ? undefined : CROSS_SITE
    },
  }
}

/** `Sec-Fetch-Site` cannot be set by a page (Fetch Metadata); without it the `Origin` must be ours. */
function isFromHere(exchange: Exchange): boolean {
  const { headers } = exchange.head
  const site = headers.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const origin = headers.get('origin')
  return origin !== undefined && isOwnOrigin(exchange, origin)
}

function isListed(exchange: Exchange, origins: ReadonlySet<string>): boolean {
  const origin = exchange.head.headers.get('origin')
  return origin !== undefined && origins.has(origin)
}
