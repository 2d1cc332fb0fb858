import { HeaderTable } from '../../http/header-table.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import type { Connection } from '../exchange/connection.ts'
import type { RequestFacts } from './fast-client.ts'
import type { FastEdge } from './fast-edge.ts'
import type { LlhttpParser } from './llhttp.ts'
import { isWebSocketRequest } from './request-rules.ts'
import type { Unparsed } from './unparsed.ts'

/** A request whose head was read. */
export interface ReadRequest {
  readonly facts: RequestFacts
  /** Nothing of it is to come. */
  readonly isComplete: boolean
  /** Body that came with the head; whoever gets it may keep it. */
  readonly body: Buffer | undefined
  /** It asks for a WebSocket. */
  readonly isTunnel: boolean
}

/** Where a request came on. */
export interface Arrival {
  readonly connection: Connection
  readonly edge: FastEdge
}

/**
 * The request that what came begins with, where all of it is there and its head is plain; it is taken then.
 * @returns `undefined` where a parser is to read it.
 */
export function plainRequest(unparsed: Unparsed, arrival: Arrival): ReadRequest | undefined {
  const { plainHeads, rules } = arrival.edge
  const { chunk, at } = unparsed
  if (plainHeads === undefined || chunk === undefined) return undefined
  const headBytes = plainHeads.read(chunk, at)
  if (headBytes === 0 || headBytes > rules.maxHeadBytes) return undefined
  const { method, target, headers, contentLength = 0 } = plainHeads
  const bodyAt = at + headBytes
  const end = bodyAt + contentLength
  if (end > chunk.length) return undefined
  const hasBody = contentLength > 0
  const body = hasBody ? unparsed.owned(chunk.subarray(bodyAt, end)) : undefined
  unparsed.taken(end)
  const head = headOf({ method, target, httpVersion: '1.1', headers, hasBody }, arrival)
  const facts = { head, keepsAlive: true, bodyLength: plainHeads.contentLength }
  return { facts, isComplete: true, body, isTunnel: false }
}

/** The request whose head a parser has just read. */
export function parsedRequest(parser: LlhttpParser, arrival: Arrival): ReadRequest {
  const { method, target, httpVersion, isChunked, contentLength } = parser
  const headers = new HeaderTable(parser.rawHeaders)
  const hasBody = isChunked || (contentLength ?? 0) > 0
  const head = headOf({ method, target, httpVersion, headers, hasBody }, arrival)
  const isTunnel = parser.isUpgrade && isWebSocketRequest(head)
  const keepsAlive = parser.shouldKeepAlive && !isTunnel
  const facts = { head, keepsAlive, bodyLength: contentLength }
  return { facts, isComplete: parser.isComplete, body: parser.body, isTunnel }
}

/** What was read of a head, by whoever read it. */
interface HeadParts {
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  readonly headers: HeaderTable
  readonly hasBody: boolean
}

function headOf(
  { method, target, httpVersion, headers, hasBody }: HeadParts,
  { connection: { peerAddress, peerPort, relayAddress, tls }, edge }: Arrival,
): RequestHead {
  return {
    method,
    rawTarget: target,
    httpVersion,
    headers,
    authority: undefined,
    peerAddress,
    relayAddress,
    peerPort,
    listener: edge.kind,
    tls,
    hasBody,
  }
}
