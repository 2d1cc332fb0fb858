import type { EdgeContext } from '../exchange/edge-context.ts'
import type { ParserRules } from './llhttp.ts'
import type { PlainHeads } from './plain-head.ts'

/** A connection as its listener knows it. */
export interface OpenConnection {
  /** Ends the connection if no message is under way. */
  closeIfIdle(): void
  end(): void
}

/** What all connections of a listener share. */
export interface FastEdge {
  readonly context: EdgeContext
  readonly kind: 'https' | 'http'
  readonly rules: ParserRules
  /** Reads heads that are plain in place of the parser; `undefined` where this machine cannot. */
  readonly plainHeads: PlainHeads | undefined
  /** What a head says of a connection that stays. */
  readonly keepTail: string
  /** Every connection that speaks HTTP/1.1. */
  readonly open: Set<OpenConnection>
  /** The listener takes no further requests. */
  isClosing: boolean
}
