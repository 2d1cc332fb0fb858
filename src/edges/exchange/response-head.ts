import { memo } from '../../base/memo.ts'
import type { EdgeLimits } from './limits.ts'

/** What the fields of an upstream's answer say about the way of its body. */
export interface BodyFacts {
  /** `undefined` where the end is told in another way. */
  readonly length: number | undefined
  /** The pieces must go on as they come: each is a message that somebody waits for. */
  readonly isLive: boolean
  /** Silence is normal. */
  readonly isEventStream: boolean
}

const NO_FIELDS: readonly string[] = Object.freeze([])
let lastHeaders = NO_FIELDS
let lastFacts: BodyFacts = { length: undefined, isLive: false, isEventStream: false }

/**
 * Reads what matters of the head of an answer. The parser has refused two lengths and a length beside a transfer coding.
 * The very list that was read last is not read again: the head of one answer is often that of the one before.
 */
export function bodyFacts(rawHeaders: readonly string[]): BodyFacts {
  if (rawHeaders === lastHeaders) return lastFacts
  const type = field(rawHeaders, 'content-type')
  const { isLive, isEventStream } = typeFacts(type ?? '')
  lastFacts = { length: contentLength(rawHeaders), isLive, isEventStream }
  lastHeaders = rawHeaders
  return lastFacts
}

/**
 * The length an upstream's answer announces.
 * @returns `undefined` where the end is told in another way.
 */
export function contentLength(rawHeaders: readonly string[]): number | undefined {
  const value = field(rawHeaders, 'content-length')
  return value === undefined || !/^\d{1,15}$/.test(value) ? undefined : Number(value)
}

/** How long an answer may be silent, in milliseconds; in some, silence is normal. */
export function idleLimitMs(limits: EdgeLimits, isQuiet: boolean): number {
  return isQuiet ? limits.eventStreamIdleMs : limits.responseIdleMs
}

/** Media types of which every piece is a message that somebody waits for. */
const LIVE =
  /^(?:text\/event-stream|application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json|grpc)|multipart\/x-mixed-replace)(?![a-z0-9.])/i
/** WHATWG HTML 9.2. */
const EVENT_STREAM = /^text\/event-stream/i

const typeFacts = memo(
  (type): Pick<BodyFacts, 'isLive' | 'isEventStream'> => ({
    isLive: LIVE.test(type),
    isEventStream: EVENT_STREAM.test(type),
  }),
  { maxEntries: 256, maxChars: 128 },
)

function field(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const own = rawHeaders[i]
    if (own?.length === name.length && own.toLowerCase() === name) return rawHeaders[i + 1]
  }
  return undefined
}
