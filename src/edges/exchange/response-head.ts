import type { EdgeLimits } from './limits.ts'

/**
 * The length an upstream's answer announces. The parser has refused two lengths and a length beside a transfer coding.
 * @returns `undefined` where the end is told in another way.
 */
export function contentLength(rawHeaders: readonly string[]): number | undefined {
  const value = field(rawHeaders, 'content-length')
  return value === undefined || !/^\d{1,15}$/.test(value) ? undefined : Number(value)
}

/** How long an answer may be silent, in milliseconds; in some, silence is normal. */
export function idleLimitMs(
  rawHeaders: readonly string[],
  limits: EdgeLimits,
  isDuplex: boolean,
): number {
  const isQuiet = isDuplex || isEventStream(rawHeaders)
  return isQuiet ? limits.eventStreamIdleMs : limits.responseIdleMs
}

/** Media types of which every piece is a message that somebody waits for. */
const LIVE =
  /^(?:text\/event-stream|application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json|grpc)|multipart\/x-mixed-replace)(?![a-z0-9.])/i

/** Whether the pieces of an answer must go on as they come. */
export function isLive(rawHeaders: readonly string[]): boolean {
  const type = field(rawHeaders, 'content-type')
  return type !== undefined && LIVE.test(type)
}

/** WHATWG HTML 9.2. */
function isEventStream(rawHeaders: readonly string[]): boolean {
  return field(rawHeaders, 'content-type')?.slice(0, 17).toLowerCase() === 'text/event-stream'
}

function field(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const own = rawHeaders[i]
    if (own?.length === name.length && own.toLowerCase() === name) return rawHeaders[i + 1]
  }
  return undefined
}
