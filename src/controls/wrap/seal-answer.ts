import { HeaderTable } from '../../http/header-table.ts'
import { parseSetCookie } from '../../http/cookie.ts'
import type { TokenContext } from '../../identity/wrapped/app-token.ts'
import type { TokenPlace, WrapRule } from '../../identity/wrapped/wrap-rule.ts'
import type { WrappedTokens } from '../../identity/wrapped/wrapped-tokens.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import { jsonAnswer } from '../json-answer.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { memberAt, withMember } from './member-at.ts'
import { swapped, withSealed } from './replace-token.ts'
import type { Replacement } from './replace-token.ts'

/** What an answer's tokens are sealed with. */
export interface Sealing {
  readonly rules: readonly WrapRule[]
  readonly tokens: WrappedTokens
  readonly nowMs: number
  /** Nothing may change: what would be sealed is only told. */
  readonly isWatching: boolean
}

/** Whether a header or cookie of an answer holds a token. */
export function mayHoldToken(response: UpstreamResponse, rules: readonly WrapRule[]): boolean {
  return rules.some(({ place }) => inHead(place, response) !== undefined)
}

/**
 * Seals every token that an answer hands out, wherever its text stands in it. `body`: what the API sent; what goes out
 * may have been filtered before.
 * @returns a repair with the sealed body, `undefined` where nothing was to be sealed (or only in the head), or a
 * refusal: nothing goes out raw because it could not be sealed.
 */
export function sealAnswer(
  exchange: Exchange,
  body: Buffer | undefined,
  sealing: Sealing,
): Denial | undefined {
  const response = exchange.upstream
  if (response === undefined) return undefined
  const said = body === undefined || body.length === 0 ? undefined : jsonAnswer(body)?.value
  const context = { response: said, request: exchange.body }
  const swaps = swapsOf(response, context, sealing)
  if ('reason' in swaps) return swaps
  if (swaps.length === 0) return undefined
  if (sealing.isWatching) return WATCHED
  const repair = body === undefined ? undefined : sealedBody(exchange.replacement ?? body, swaps)
  const headers = sealedHead(response, swaps)
  if (leaks(repair, headers ?? response.headers, swaps)) return unsealable('stands in more places')
  if (headers !== undefined) exchange.upstream = { status: response.status, headers }
  return repair === undefined ? undefined : { reason: 'token_sealed', repair }
}

const WATCHED: Denial = Object.freeze({
  reason: 'token_sealed',
  detail: 'the token went out as it is',
})

function unsealable(detail: string): Denial {
  return { reason: 'token_unsealable', detail: `the token ${detail}` }
}

function swapsOf(
  response: UpstreamResponse,
  context: TokenContext,
  { rules, tokens, nowMs }: Sealing,
): readonly Replacement[] | Denial {
  const swaps: Replacement[] = []
  for (const rule of rules) {
    const { place } = rule
    const token =
      place.in === 'field' ? memberAt(context.response, place.path) : inHead(place, response)
    if (token === undefined || token === null || token === '') continue
    if (typeof token !== 'string') return unsealable('is no text')
    const sealed = tokens.seal(token, context, { rule, nowMs })
    if (typeof sealed !== 'string') return unsealable(sealed.fault)
    swaps.push({ token, sealed, ...(place.in === 'field' && { path: place.path }) })
  }
  // A token that holds another one as a part is swapped first.
  return swaps.toSorted((a, b) => b.token.length - a.token.length)
}

/** The token in a header, behind any scheme, or in a cookie that is set; `undefined`: none. */
function inHead(place: TokenPlace, { headers }: UpstreamResponse): string | undefined {
  if (place.in === 'field') return undefined
  if (place.in === 'header') {
    const value = headers.get(place.name)?.trim()
    const token = value?.slice(value.lastIndexOf(' ') + 1)
    return token === '' ? undefined : token
  }
  for (const text of headers.all('set-cookie')) {
    const cookie = parseSetCookie(text)
    // An empty value takes a cookie away.
    if (cookie?.name === place.name && cookie.value !== '') return cookie.value
  }
  return undefined
}

function sealedBody(outgoing: Buffer, swaps: readonly Replacement[]): Buffer {
  const answer = jsonAnswer(outgoing)
  if (answer === undefined) {
    const text = outgoing.toString('latin1')
    return Buffer.from(swaps.reduce(swapped, text), 'latin1')
  }
  const value = swaps.reduce(
    (before, swap) => inPlace(withSealed(before, swap), swap),
    answer.value,
  )
  return rewriteJson(value, answer.text, answer.value)
}

/** What masks tokens may have come before: the sealed one may be seen, and is what the client came for. */
function inPlace(value: unknown, { path, sealed }: Replacement): unknown {
  if (path === undefined || typeof memberAt(value, path) !== 'string') return value
  return withMember(value, path, sealed)
}

function sealedHead(
  { headers }: UpstreamResponse,
  swaps: readonly Replacement[],
): HeaderTable | undefined {
  const fields = Array.from({ length: headers.size }, (_, index) => index).map(
    (index) => [headers.nameAt(index), swaps.reduce(swapped, headers.valueAt(index))] as const,
  )
  const isSame = fields.every(([, value], index) => value === headers.valueAt(index))
  return isSame ? undefined : new HeaderTable(fields.flat())
}

/** Whether a token is still there, such as in the name of a member. */
function leaks(
  body: Buffer | undefined,
  headers: HeaderTable,
  swaps: readonly Replacement[],
): boolean {
  const inFields = (token: string): boolean => {
    for (let index = 0; index < headers.size; index += 1)
      if (headers.valueAt(index).includes(token)) return true
    return false
  }
  return swaps.some(({ token }) => body?.includes(token) === true || inFields(token))
}
