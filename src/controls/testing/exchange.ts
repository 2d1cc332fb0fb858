import { addressKey } from '../../base/cidr.ts'
import { HeaderTable } from '../../http/header-table.ts'
import { canonicalQuery } from '../../http/query.ts'
import { canonicalTarget } from '../../http/target.ts'
import type { Principal } from '../../identity/principal.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { Exchange } from '../../pipeline/exchange.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'

/** A request as a test writes it; everything has an honest default. */
export interface RequestParts {
  /** `GET` unless said. */
  readonly method?: string
  /** `/` unless said. */
  readonly target?: string
  /** Flat list: name, value, name, value. A `Host` is put in front in HTTP/1.1 unless `host` is `null`. */
  readonly headers?: readonly string[]
  /** Value of the `Host` that is put in front; `api.example.com` unless said. */
  readonly host?: string | null
  readonly authority?: string
  readonly httpVersion?: string
  /** `203.0.113.7` unless said. */
  readonly peer?: string
  /** TLS with this server name; `null`: plain HTTP. TLS to `api.example.com` unless said. */
  readonly tls?: string | null
  /** Kind of client by its TLS handshake; unsaid, it cannot be told. */
  readonly clientClass?: string
  readonly hasBody?: boolean
  /** Milliseconds since the epoch. */
  readonly nowMs?: number
  /** What `routes` would have found. */
  readonly site?: Site
  /** What `authenticate` would have found. */
  readonly principal?: Principal
}

/**
 * An exchange as it stands before a control: head from `parts`, and what `address` and `target` write already there
 * (an ambiguous target leaves path and query empty).
 */
export function exchangeOf(parts: RequestParts = {}): Exchange {
  const head = headOf(parts)
  const exchange = new Exchange('test-request', head, parts.nowMs ?? 0)
  exchange.clientAddress = head.peerAddress
  exchange.clientKey = addressKey(head.peerAddress)
  exchange.isSecure = head.tls !== undefined
  const target = canonicalTarget(head.rawTarget, { allowMatrix: true })
  const query = 'path' in target ? canonicalQuery(target.query) : undefined
  if ('path' in target) exchange.path = target.path
  if (query !== undefined && 'pairs' in query) exchange.query = query
  exchange.site = parts.site
  exchange.principal = parts.principal ?? ANONYMOUS
  return exchange
}

/** The head alone. */
function headOf(parts: RequestParts = {}): RequestHead {
  const { httpVersion = '1.1', host = 'api.example.com', tls = 'api.example.com' } = parts
  const ownHost = host === null || httpVersion.startsWith('2') ? [] : ['Host', host]
  return {
    method: parts.method ?? 'GET',
    rawTarget: parts.target ?? '/',
    httpVersion,
    headers: new HeaderTable([...ownHost, ...(parts.headers ?? [])]),
    authority: parts.authority,
    peerAddress: parts.peer ?? '203.0.113.7',
    peerPort: 40_000,
    listener: tls === null ? 'http' : 'https',
    tls:
      tls === null
        ? undefined
        : {
            protocol: 'TLSv1.3',
            cipher: 'TLS_AES_128_GCM_SHA256',
            servername: tls,
            clientClass: parts.clientClass,
          },
    hasBody: parts.hasBody ?? false,
  }
}
