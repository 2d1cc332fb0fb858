import type { RequestHead } from '../../pipeline/exchange.ts'
import type { LlhttpParser, ParseFault } from './llhttp.ts'

/** Longest target that is told from a long header block [WIRE-04]. */
const MAX_TARGET_BYTES = 8_192

const STATUS: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['HPE_PAUSED_H2_UPGRADE', 505],
])

/** What a message that could not be parsed is answered (CONTROLS 2.0). */
export function faultStatus({ code }: ParseFault, parser: LlhttpParser): number {
  if (code === 'HPE_HEADER_OVERFLOW' && parser.targetBytes > MAX_TARGET_BYTES) return 414
  // llhttp calls a line end that is not CRLF an invalid version too; only a version that can be read is not served.
  if (code === 'HPE_INVALID_VERSION' && /^[^\r\n]* HTTP\/\d\.\d(?:\r|$)/.test(parser.faultText))
    return 505
  return STATUS.get(code) ?? 400
}

/** RFC 6455 section 4.1: what may become a tunnel; anything else that says `Upgrade` is an ordinary request. */
export function isWebSocketRequest({
  method,
  httpVersion,
  headers,
}: Pick<RequestHead, 'method' | 'httpVersion' | 'headers'>): boolean {
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    !headers.has('content-length') &&
    !headers.has('transfer-encoding')
  )
}
