import { HeaderTable } from '../../http/header-table.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Connection } from '../exchange/connection.ts'

/** Pseudo fields become the request's parts; `cookie` crumbs become one field again (RFC 9113 section 8.2.3). */
export function requestHead(
  raw: readonly string[],
  connection: Connection,
  hasBody: boolean,
): RequestHead {
  const fields: string[] = []
  let method = ''
  let rawTarget = ''
  let authority: string | undefined
  let cookieAt = -1
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (name.charCodeAt(0) === COLON) {
      if (name === ':method') method = value
      else if (name === ':path') rawTarget = value
      else if (name === ':authority') authority = value
    } else if (name === 'cookie' && cookieAt >= 0) {
      fields[cookieAt] = `${fields[cookieAt]}; ${value}`
    } else {
      fields.push(name, value)
      if (name === 'cookie') cookieAt = fields.length - 1
    }
  }
  return {
    method,
    rawTarget,
    httpVersion: '2.0',
    headers: new HeaderTable(fields),
    authority,
    peerAddress: connection.peerAddress,
    relayAddress: connection.relayAddress,
    peerPort: connection.peerPort,
    listener: 'https',
    tls: connection.tls,
    hasBody,
  }
}

const COLON = 58
