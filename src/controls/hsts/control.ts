import { isIP } from 'node:net'
import { memo } from '../../base/memo.ts'
import { effectiveHost } from '../../http/head.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { configureHsts } from './config.ts'
import type { HstsConfig } from './config.ts'

/** Tells browsers to stay on HTTPS: on every HTTPS answer, never over HTTP, never for loopback names or addresses. */
export const hsts: Control<HstsConfig, Kit> = {
  name: 'hsts',
  ids: ['TRN-03'],
  stage: 'filter',
  scope: 'gateway',
  block: 'hsts',
  adopt: 'enforce',
  onFault: 'pass',
  reasons: {},
  configure: configureHsts,
  compile: (config) => hstsGuard(config),
}

function hstsGuard({ maxAgeSeconds }: HstsConfig): Guard {
  const value = `max-age=${maxAgeSeconds}`
  const isNamed = memo(isNamedHost, HOSTS)
  return {
    dropsResponseHeader: (name) => name === 'strict-transport-security',
    onAnswer: (exchange, headers) => {
      if (exchange.isSecure && isNamed(hostOf(exchange)))
        headers.push('Strict-Transport-Security', value)
    },
  }
}

/** Names come from clients; those that are served come again. */
const HOSTS = { maxEntries: 256, maxChars: 255 }

/** Empty where the request names no host. */
function hostOf({ head }: Exchange): string {
  return effectiveHost(head.headers, head.authority)?.name ?? ''
}

/** RFC 6797 section 8.1.1: no HSTS for addresses; and localhost would lock up every other service there. */
function isNamedHost(host: string): boolean {
  // A name may end in the dot of the root.
  const name = host.replace(/\.$/, '')
  return host !== '' && isIP(name) === 0 && !/(?:^|\.)localhost$/.test(name)
}
