import { isSpecialUse } from '../../base/cidr.ts'
import { plainHost } from '../../http/plain-host.ts'
import { innerFault } from '../../http/url-guard.ts'
import type { UrlFault } from '../../http/url-guard.ts'
import { looksLikeUrl } from './url-likeness.ts'

/** Why a text is refused; stable codes for the log. */
export type InsideFault = UrlFault | 'too_many_hosts'

/** Schemes that make libraries read files or speak other protocols. `assembly/leads.ts` knows them too. */
export const LOCAL_SCHEMES: ReadonlySet<string> = new Set(
  'dict expect feed file glob gopher jar ldap ldaps netdoc ogg phar php sftp ssh2 tftp url zip'.split(
    ' ',
  ),
)
const HOST_SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss', 'ftp'])

/** So many different hosts may be written in other ways than plainly; to read each of them takes a URL parser. */
const MAX_ODD_HOSTS = 256

/** Everything of a URL that its host depends on, where no character is left out that parsers skip. */
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}[^/\\?#\s\0-\x20]+[/\\?#]/i

/**
 * Judges texts of one request that are not declared as URLs but stand under names that say so (`isUrlName`). They may be
 * plain http and have any port, as long as they lead neither inside nor to files. Read as a browser reads them, so that
 * no spelling hides a host.
 */
export class InsideJudge {
  readonly #allowHosts: ReadonlySet<string>
  /** By what stands before the path. */
  #odd: Map<string, InsideFault | undefined> | undefined = undefined

  constructor(allowHosts: ReadonlySet<string>) {
    this.#allowHosts = allowHosts
  }

  /** @returns `undefined`, or why the text is refused. Never throws. */
  fault(text: string): InsideFault | undefined {
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

  #oddFault(text: string): InsideFault | undefined {
    const origin = ORIGIN.exec(text)?.[0] ?? text
    const odd = (this.#odd ??= new Map<string, InsideFault | undefined>())
    if (odd.has(origin)) return odd.get(origin)
    const fault = odd.size < MAX_ODD_HOSTS ? parsedFault(text, this.#allowHosts) : 'too_many_hosts'
    odd.set(origin, fault)
    return fault
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
