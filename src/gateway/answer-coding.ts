import { isPromise } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { preferredCoding } from '../http/accept-encoding.ts'
import type { ContentCoding } from '../http/accept-encoding.ts'
import { parseMediaType } from '../http/media-type.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import { compressed } from './compress.ts'
import type { Answer, CodedAnswer, StreamVerdict } from './core.ts'
import type { SitePlan } from './plan.ts'
import { BYTE_FIELDS } from './respond.ts'

/** Shorter bodies fit into the packets that their heads need anyway. */
const MIN_BYTES = 1_024

/**
 * Compresses an answer that is there as a whole, where the client asked for it, the operation allows it and no guard
 * keeps it as it is. Answers that might have been compressed for another client say so (`Vary`).
 */
export function codedWhole(
  exchange: Exchange,
  plan: SitePlan,
  answer: Answer,
): MaybePromise<Answer> {
  const { body } = answer
  if (!(body instanceof Buffer) || !mayBeCoded(exchange, answer, body.length)) return answer
  const varied = withVary(answer)
  const coding = codingFor(exchange, plan, body)
  if (coding === undefined) return varied
  const take = (result: Buffer): Answer =>
    result.length < body.length ? { ...codedHead(varied, coding), body: result } : varied
  const result = compressed(body, coding)
  return isPromise(result) ? result.then(take) : take(result)
}

/** As `codedWhole`, for an answer that is passed on as it comes. An answer to HEAD says nothing of a length then. */
export function codedStream(
  exchange: Exchange,
  plan: SitePlan,
  { answer, hidesLength }: Pick<StreamVerdict, 'answer' | 'hidesLength'>,
): StreamVerdict {
  const { headers } = exchange.upstream as UpstreamResponse
  const length = headers.get('content-length')
  const isHidden = hidesLength === true
  if (!mayBeCoded(exchange, answer, length === undefined ? undefined : Number(length)))
    return { kind: 'stream', answer, hidesLength: isHidden }
  const varied = withVary(answer)
  const coding = codingFor(exchange, plan, undefined)
  if (coding === undefined) return { kind: 'stream', answer: varied, hidesLength: isHidden }
  if (exchange.head.method === 'HEAD') return { kind: 'stream', answer: varied, hidesLength: true }
  const coded: CodedAnswer = { coding, answer: codedHead(varied, coding) }
  return { kind: 'stream', answer: varied, hidesLength: isHidden, coded }
}

/** Statuses without a body, and parts of a body, which are cut from the bytes as they are. */
const UNCODED: ReadonlySet<number> = new Set([204, 205, 206, 304])

/** What the answer itself says, whoever asked. */
function mayBeCoded(exchange: Exchange, answer: Answer, length: number | undefined): boolean {
  if (answer.status < 200 || UNCODED.has(answer.status)) return false
  if (length !== undefined && length < MIN_BYTES) return false
  return isCompressible(answer.headers) && !forbidsTransforms(exchange)
}

function isCompressible(headers: readonly string[]): boolean {
  let isRightType = false
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (name === 'content-encoding' || name === 'content-range') return false
    if (name === 'content-type') isRightType = isTextual(headers[i + 1] ?? '')
  }
  return isRightType
}

/** Pictures, films and archives are compressed already; in event streams silence and delay mean something. */
const TEXTUAL =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|yaml|x-ndjson|wasm)$|image\/svg\+xml$|application\/[\w.-]+\+(?:json|xml|yaml)$)/

function isTextual(contentType: string): boolean {
  const type = parseMediaType(contentType)
  return type !== undefined && TEXTUAL.test(type.essence)
}

/** RFC 9111 sections 5.2.1.6 and 5.2.2.6: either side may ask that nobody between changes the bytes. */
function forbidsTransforms({ head, upstream }: Exchange): boolean {
  return [head.headers, upstream?.headers].some((headers) =>
    headers?.all('cache-control').some((text) => /(?:^|[\s,])no-transform/i.test(text)),
  )
}

function codingFor(
  exchange: Exchange,
  plan: SitePlan,
  body: Buffer | undefined,
): ContentCoding | undefined {
  const { headers } = exchange.head
  if (!headers.has('accept-encoding')) return undefined
  const coding = preferredCoding(headers.all('accept-encoding').join(','))
  return coding === undefined || mustStayUncoded(exchange, plan, body) ? undefined : coding
}

/** A guard that fails at this question has not said yes. */
function mustStayUncoded(exchange: Exchange, plan: SitePlan, body: Buffer | undefined): boolean {
  const response = exchange.upstream as UpstreamResponse
  try {
    return plan.hooks.keepsUncoded.some((keeps) => keeps(exchange, response, body))
  } catch (error) {
    exchange.events.push({
      name: 'sp_control_fault',
      level: 'critical',
      control: 'compression',
      reason: 'fault',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    return true
  }
}

/** Caches must not give the one client what the other asked for (RFC 9110 section 12.5.5). */
function withVary(answer: Answer): Answer {
  const { headers } = answer
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'vary') continue
    if (/(?:^|[\s,])(?:\*|accept-encoding)(?:$|[\s,])/i.test(headers[i + 1] ?? '')) return answer
  }
  return { ...answer, headers: [...headers, 'Vary', 'Accept-Encoding'] }
}

/** Fields that describe the bytes before go; a validator of theirs is a weak one of these (RFC 9110 section 8.8.3.3). */
function codedHead(answer: Answer, coding: ContentCoding): Answer {
  const headers: string[] = []
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    const name = answer.headers[i] ?? ''
    const value = answer.headers[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (BYTE_FIELDS.has(lower)) continue
    headers.push(name, lower === 'etag' && value.startsWith('"') ? `W/${value}` : value)
  }
  headers.push('Content-Encoding', coding)
  return { ...answer, headers }
}
