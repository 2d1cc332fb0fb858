import { FIELD } from '../http/header-table.ts'
import type { HeaderTable } from '../http/header-table.ts'
import { connectionOptions } from '../http/hop-by-hop.ts'
import type { Exchange, UpstreamResponse } from '../pipeline/exchange.ts'
import { answerHeaders } from './answer.ts'
import type { Answer } from './core.ts'
import type { SitePlan } from './plan.ts'

/** Responses that have no body whatever their fields say (RFC 9112 section 6.3). */
export function isBodyless(exchange: Exchange, response: UpstreamResponse): boolean {
  const { status } = response
  const method = exchange.upstreamMethod ?? exchange.head.method
  return method === 'HEAD' || status === 204 || status === 205 || status === 304
}

/**
 * Whether an answer tells of a body that is not the one GET shows: then neither its length nor its digests are said,
 * which would tell what is hidden. `mayChange`: some guard would have read the body. An answer to HEAD may leave its
 * type out, and some guards judge the text of a failure only where there is one: both count as read.
 */
export function hidesBody(
  exchange: Exchange,
  { status, headers }: UpstreamResponse,
  mayChange: boolean,
): boolean {
  if (mayChange) return true
  return exchange.head.method === 'HEAD' && (status >= 400 || !headers.has('content-type'))
}

/** The head of an answer whose body passes as it comes, or is not sent at all (`isHidden`, see `hidesBody`). */
export function streamAnswer(
  exchange: Exchange,
  plan: SitePlan,
  { response, isHidden }: { readonly response: UpstreamResponse; readonly isHidden: boolean },
): Answer {
  exchange.status = response.status
  const headers = responseHeaders(exchange, plan, isHidden ? DIGESTS : KEEP)
  return { status: response.status, headers, body: undefined, close: false }
}

/** A body that was read whole: without its content coding, and as the API sent it. */
export interface BodyBytes {
  readonly plain: Buffer
  readonly sent: Buffer
}

/** The answer to a body that was read whole; without the fields that describe other bytes (3.2 row 27). */
export function finalAnswer(
  exchange: Exchange,
  plan: SitePlan,
  { plain, sent }: BodyBytes,
): Answer {
  const response = exchange.upstream as UpstreamResponse
  const { replacement } = exchange
  exchange.status = response.status
  // While an API is being adopted, no byte changes that nobody had to change: the content coding stays.
  const isDecoded = plan.site.policy.adopt === undefined && response.headers.has('content-encoding')
  const dropped =
    replacement !== undefined ? changedFields(replacement) : isDecoded ? BYTE_FIELDS : KEEP
  const headers = responseHeaders(exchange, plan, dropped)
  const body = replacement ?? (isDecoded ? plain : sent)
  return { status: response.status, headers, body, close: false }
}

const KEEP: ReadonlySet<string> = new Set()
const DIGESTS: ReadonlySet<string> = new Set([
  'content-md5',
  'content-digest',
  'digest',
  'repr-digest',
])
/** Fields that describe bytes in one content coding, and in no other. */
export const BYTE_FIELDS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-md5',
  'content-digest',
  'digest',
  'repr-digest',
  'accept-ranges',
])
const CHANGED: ReadonlySet<string> = new Set([...BYTE_FIELDS, 'etag', 'content-range'])

/** A body that was left out has no type either: clients would parse it. */
const EMPTIED: ReadonlySet<string> = new Set([...CHANGED, 'content-type'])

function changedFields(replacement: Buffer): ReadonlySet<string> {
  return replacement.length === 0 ? EMPTIED : CHANGED
}

function responseHeaders(
  exchange: Exchange,
  plan: SitePlan,
  without: ReadonlySet<string>,
): string[] {
  const out = answerHeaders(exchange, plan.hooks)
  const { headers } = exchange.upstream as UpstreamResponse
  for (const part of passedFields(headers, plan.keepsResponseHeader, without)) out.push(part)
  return out
}

/** What passed of the answer that was looked at last. */
let lastHeaders: HeaderTable | undefined
let lastKeeps: SitePlan['keepsResponseHeader'] | undefined
let lastWithout: ReadonlySet<string> = KEEP
let lastPassed: readonly string[] = []

/** The fields that go on, flat. One table is of one list that an edge gave, often of many answers (`answerTable`). */
function passedFields(
  headers: HeaderTable,
  keeps: SitePlan['keepsResponseHeader'],
  without: ReadonlySet<string>,
): readonly string[] {
  if (headers === lastHeaders && keeps === lastKeeps && without === lastWithout) return lastPassed
  const passed: string[] = []
  const named = namedFields(headers)
  for (let index = 0; index < headers.size; index += 1) {
    const name = headers.nameAt(index)
    if (!keeps(name) || named?.includes(name) === true) continue
    if (!without.has(name)) passed.push(name, headers.valueAt(index))
  }
  lastHeaders = headers
  lastKeeps = keeps
  lastWithout = without
  lastPassed = passed
  return passed
}

/** The fields that the API's `Connection` names belong to its connection (RFC 9110 section 7.6.1). */
function namedFields(headers: HeaderTable): readonly string[] | undefined {
  if ((headers.known & FIELD.connection) === 0) return undefined
  const isRepeated = (headers.repeated & FIELD.connection) !== 0
  if (!isRepeated && headers.get('connection') === 'keep-alive') return undefined
  return connectionOptions(headers)
}
