import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Principal } from '../../identity/principal.ts'
import { SEALED_PREFIX } from '../../identity/wrapped/sealed-text.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import type { Carried } from './carried.ts'
import type { SchemePlan } from './scheme-plan.ts'

/** A token of the API as a client shows it: who it stands for, or why it is refused; `undefined`: none is there. */
export type WrappedResult =
  | { readonly principal: Principal }
  | { readonly reason: string }
  | undefined

/** What the check needs besides the request. */
export interface WrappedContext {
  readonly kit: Kit
  readonly exchange: Exchange
  readonly api: string
  readonly isOurKey: (text: string) => boolean
}

/**
 * Opens the token of the API that stands where a scheme has it. What the API itself would take, but the gateway did not
 * seal, is refused: that is what the wrapping is for.
 */
export function openWrapped(
  plan: SchemePlan,
  carried: Carried,
  { kit, exchange, api, isOurKey }: WrappedContext,
): MaybePromise<WrappedResult> {
  const text = textOf(plan, carried, exchange)
  const tokens = kit.wraps.get(api)
  if (text === undefined || tokens === undefined || isOurKey(text)) return undefined
  const nowMs = kit.tokenClock.nowMs()
  if (nowMs === undefined) return { reason: 'token_time_unknown' }
  const found = tokens.open(text, nowMs)
  if ('reason' in found || !tokens.endsEarly) return found
  const { principal } = found
  return andThen(kit.counters.isBanned(logoutKey(principal), kit.clock.nowMs()), (endedMs) =>
    endedMs === undefined ? { principal } : { reason: 'token_logged_out' },
  )
}

/** The mark by which a token is known to be ended; a ban until it would end anyway. */
export function logoutKey({ credentialId }: Principal): string {
  return `wrap-ended:${credentialId}`
}

function textOf(
  { slot, httpScheme }: SchemePlan,
  { scheme, token, values }: Carried,
  { head }: Exchange,
): string | undefined {
  if (slot !== 'authorization') return values.get(slot)
  if (scheme === '' || (httpScheme !== '' && scheme !== httpScheme)) return undefined
  if (httpScheme !== '') return token
  // A key in `Authorization` itself may stand alone: what was read as the scheme has lost its capitals.
  return sealedIn(head.headers.get('authorization') ?? '') ?? (token === '' ? scheme : token)
}

/** The sealed token at the end of a field, behind any scheme. */
export function sealedIn(value: string): string | undefined {
  const last = value.slice(value.lastIndexOf(' ') + 1)
  return last.startsWith(SEALED_PREFIX) ? last : undefined
}
