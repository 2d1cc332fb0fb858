import { isIP } from 'node:net'
import { memo } from '../base/memo.ts'
import { ALPHANUMERIC, charTable, isDigits } from './chars.ts'

/** A host as `Host` or `:authority` names it. */
export interface Host {
  /** Lower-case name or address; an IPv6 address without its brackets, in canonical form. */
  readonly name: string
  /** Port when one was written, 1..65535. */
  readonly port: number | undefined
  /** `name` or `name:port` with brackets around IPv6: compare this. */
  readonly text: string
}

const NAME_CHAR = charTable(`${ALPHANUMERIC}._-`)
const MAX_NAME = 253

/**
 * Parses `host[:port]` with an IPv6 literal in brackets. Stricter than `uri-host` of RFC 3986: letters, digits,
 * `-`, `_` and `.` only, so percent-encodings, user information, and non-ASCII are refused.
 * @returns `undefined` when malformed. Never throws.
 * @see RFC 9110 section 7.2
 */
export function parseHost(text: string): Host | undefined {
  return remembered(text)
}

// Several controls ask for the same host in each request.
const remembered = memo(readHost, { maxEntries: 256, maxChars: 256 })

function readHost(text: string): Host | undefined {
  if (text.charCodeAt(0) === 91) return parseBracketed(text)
  const colon = text.indexOf(':')
  const port = colon < 0 ? undefined : parsePort(text.slice(colon + 1))
  if (colon >= 0 && port === undefined) return undefined
  const name = (colon < 0 ? text : text.slice(0, colon)).toLowerCase()
  if (!isHostName(name)) return undefined
  return { name, port, text: port === undefined ? name : `${name}:${port}` }
}

function parseBracketed(text: string): Host | undefined {
  const close = text.indexOf(']')
  if (close < 0) return undefined
  const address = text.slice(1, close)
  // A zone (`%eth0`) means something on the sender's machine only.
  if (isIP(address) !== 6 || address.includes('%')) return undefined
  const rest = text.slice(close + 1)
  const port = rest === '' ? undefined : parsePort(rest.slice(1))
  if (rest !== '' && (rest.charCodeAt(0) !== 58 || port === undefined)) return undefined
  const bracketed = new URL(`http://[${address}]`).hostname
  return {
    name: bracketed.slice(1, -1),
    port,
    text: port === undefined ? bracketed : `${bracketed}:${port}`,
  }
}

function parsePort(text: string): number | undefined {
  if (text.length > 5 || !isDigits(text)) return undefined
  const port = Number(text)
  return port >= 1 && port <= 65535 ? port : undefined
}

function isHostName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME) return false
  let previous = 46
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (NAME_CHAR[code] !== 1 || (code === 46 && previous === 46)) return false
    previous = code
  }
  return true
}
