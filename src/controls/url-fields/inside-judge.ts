import { isSpecialUse } from '../../base/cidr.ts'
import { plainHost } from '../../http/plain-host.ts'
import { innerFault } from '../../http/url-guard.ts'
import type { UrlFault } from '../../http/url-guard.ts'
import { OddHosts } from './odd-hosts.ts'
import type { HostFault } from './odd-hosts.ts'
import { looksLikeUrl } from './url-likeness.ts'

/** Schemes that make libraries read files or speak other protocols. `assembly/leads.ts` knows them too. */
export const LOCAL_SCHEMES: ReadonlySet<string> = new Set(
  'dict expect feed file glob gopher jar ldap ldaps netdoc ogg phar php sftp ssh2 tftp url zip'.split(
    ' ',
  ),
)
const HOST_SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss', 'ftp'])

/**
 * Judges texts of one request that are not declared as URLs but stand under names that say so (`isUrlName`). They may be
 * plain http and have any port, as long as they lead neither inside nor to files. Read as a browser reads them, so that
 * no spelling hides a host.
 */
export class InsideJudge {
  readonly #allowHosts: ReadonlySet<string>
  readonly #odd: OddHosts

  constructor(allowHosts: ReadonlySet<string>) {
    this.#allowHosts = allowHosts
    this.#odd = new OddHosts(allowHosts.size)
  }

  /** @returns `undefined`, or why the text is refused. Never throws. */
  fault(text: string): HostFault | undefined {
    if (!looksLikeUrl(text)) return undefined
    const scheme = plainScheme(text)
    if (scheme === undefined) return this.#oddFault(text)
    if (LOCAL_SCHEMES.has(scheme)) return 'scheme'
    if (scheme !== '' && !HOST_SCHEMES.has(scheme)) return undefined
    const behind = scheme === '' ? 0 : scheme.length + 1
    const host = text.startsWith('//', behind) ? plainHost(text, behind + 2) : undefined
    const fault = host === undefined ? 'odd' : hostFault(host)
    // What the operator allows may have a port.
    return fault === 'odd' || (fault !== undefined && this.#allowHosts.size > 0)
      ? this.#oddFault(text)
      : fault
  }

  #oddFault(text: string): HostFault | undefined {
    return this.#odd.fault(text, (one) => parsedFault(one, this.#allowHosts))
  }
}

/** In lower case; empty where a text begins with a slash, `undefined` where parsers may find another one. */
function plainScheme(text: string): string | undefined {
  if (text.startsWith('/')) return ''
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0))
  return /^[a-z][a-z0-9+.-]*$/i.test(scheme) ? scheme.toLowerCase() : undefined
}

function parsedFault(text: string, allowHosts: ReadonlySet<string>): UrlFault | undefined {
  const url = URL.parse(text, 'https://example.com')
  if (url === null) return undefined
  const scheme = url.protocol.slice(0, -1)
  if (LOCAL_SCHEMES.has(scheme)) return 'scheme'
  if (!HOST_SCHEMES.has(scheme)) return undefined
  return allowHosts.has(url.hostname) || allowHosts.has(url.host)
    ? undefined
    : hostFault(url.hostname)
}

/** `host`: as URL parsers write it. */
function hostFault(host: string): UrlFault | undefined {
  const fault = innerFault(host)
  return fault === 'ip_literal' && !isSpecialUse(host.replace(/^\[(.*)\]$/, '$1'))
    ? undefined
    : fault
}
