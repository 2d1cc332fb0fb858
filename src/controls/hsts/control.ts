import { isIP } from 'node:net'
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
  return {
    dropsResponseHeader: (name) => name === 'strict-transport-security',
    onAnswer: (exchange, headers) => {
      if (exchange.isSecure && isNamedHost(exchange))
        headers.push('Strict-Transport-Security', value)
    },
  }
}

/** RFC 6797 section 8.1.1: no HSTS for addresses; and localhost would lock up every other service there. */
function isNamedHost({ head }: Exchange): boolean {
  // A name may end in the dot of the root.
  const name = effectiveHost(head.headers, head.authority)?.name.replace(/\.$/, '')
  return name !== undefined && isIP(name) === 0 && !/(?:^|\.)localhost$/.test(name)
}
