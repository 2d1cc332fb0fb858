import { effectiveHost } from '../../http/head.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Kit } from '../kit.ts'
import { configureHosts } from './config.ts'
import type { HostsConfig } from './config.ts'

/** Serves only the hosts it is meant for, and only over the connection that was opened for that host. */
export const hosts: Control<HostsConfig, Kit> = {
  name: 'hosts',
  ids: ['TRN-06', 'WIRE-02'],
  stage: 'admit',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    misdirected: {
      status: 421,
      problem: 'misdirected',
      title: 'Misdirected request',
      event: 'sp_protocol_violation',
    },
  },
  configure: configureHosts,
  compile: (config) => hostsGuard(config),
}

const NOT_SERVED: Denial = Object.freeze({ reason: 'misdirected', detail: 'host not served here' })
const OTHER_NAME: Denial = Object.freeze({
  reason: 'misdirected',
  detail: 'host differs from the server name of the TLS handshake',
})

function hostsGuard(config: HostsConfig): Guard {
  return {
    onRequest: ({ head }) => {
      const name = effectiveHost(head.headers, head.authority)?.name
      if (name === undefined || !isServed(config, name)) return NOT_SERVED
      const servername = head.tls?.servername?.toLowerCase()
      // Without a server name (an address was typed) there is nothing to disagree with (RFC 6066 section 3).
      if (servername !== undefined && servername !== '' && servername !== name) return OTHER_NAME
      return undefined
    },
  }
}

/** Whether a lower-case host name is one of those configured; a wildcard stands for exactly one label. */
function isServed(config: HostsConfig, name: string): boolean {
  if (config.exact.has(name)) return true
  const dot = name.indexOf('.')
  return dot > 0 && config.suffixes.includes(name.slice(dot))
}
