import { effectiveHost } from '../../http/head.ts'
import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureKeyRestrictions } from './config.ts'
import type { KeyRestrictionsConfig } from './config.ts'

const NOT_ALLOWED = {
  status: 403,
  problem: 'not_allowed',
  title: 'Not allowed',
  event: 'authz_fail',
} as const

/** Holds a key to what it was made for: its networks, its origins, its operations; a secret key stays off browsers. */
export const keyRestrictions: Control<KeyRestrictionsConfig, Kit> = {
  name: 'key-restrictions',
  ids: ['KEY-03', 'KEY-06'],
  stage: 'authorize',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    key_network: { ...NOT_ALLOWED, problem: 'network_not_allowed', title: 'Network not allowed' },
    key_origin: NOT_ALLOWED,
    key_in_browser: { ...NOT_ALLOWED, event: 'sp_secret_key_in_browser', level: 'critical' },
    key_operation: NOT_ALLOWED,
    key_read_only: NOT_ALLOWED,
  },
  configure: configureKeyRestrictions,
  compile: (_config, site) => (site === undefined ? undefined : keyRestrictionsGuard(site)),
}

const NETWORK: Denial = Object.freeze({ reason: 'key_network' })
const ORIGIN: Denial = Object.freeze({ reason: 'key_origin' })
const IN_BROWSER: Denial = Object.freeze({
  reason: 'key_in_browser',
  detail: 'a secret key came from a browser',
})
const OPERATION: Denial = Object.freeze({ reason: 'key_operation' })
const READ_ONLY: Denial = Object.freeze({
  reason: 'key_read_only',
  detail: 'a publishable key may only read',
})

/** What a key may do that anybody can read in a page. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'QUERY'])

function keyRestrictionsGuard(site: Site): Guard {
  const { id } = site.operation
  return {
    onRequest: (exchange) => {
      for (const key of exchange.keys) {
        const denial = keyDenial(exchange, key, id)
        if (denial !== undefined) return denial
      }
      return undefined
    },
  }
}

function keyDenial(exchange: Exchange, key: VerifiedKey, operationId: string): Denial | undefined {
  const { operations } = key.principal
  if (operations !== undefined && !operations.has(operationId)) return OPERATION
  if (key.kind === 'pk' && !READING.has(exchange.head.method)) return READ_ONLY
  const { cidrs } = key.restrictions
  if (cidrs !== undefined && !cidrs.has(exchange.clientAddress)) return NETWORK
  return originDenial(exchange, key)
}

/** `Sec-Fetch-Mode` alone is sent by server runtimes too; `Origin` and `Sec-Fetch-Site` only by browsers. */
function originDenial(exchange: Exchange, key: VerifiedKey): Denial | undefined {
  const { head } = exchange
  const origin = head.headers.get('origin')
  if (key.kind === 'sk') {
    return origin !== undefined || head.headers.has('sec-fetch-site') ? IN_BROWSER : undefined
  }
  const { origins } = key.restrictions
  const page = origin ?? ownOrigin(exchange)
  return origins === undefined || (page !== undefined && origins.has(page)) ? undefined : ORIGIN
}

/** Browsers leave out `Origin` when a page reads from where it came from, and say so. */
function ownOrigin({ head, isSecure }: Exchange): string | undefined {
  if (head.headers.get('sec-fetch-site') !== 'same-origin') return undefined
  const host = effectiveHost(head.headers, head.authority)?.text
  return host === undefined ? undefined : `${isSecure ? 'https' : 'http'}://${host}`
}
