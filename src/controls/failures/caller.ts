import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { extractCredentials } from '../../identity/credentials.ts'
import type { PresentedCredential } from '../../identity/credentials.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'

/** Whom an error answer is counted against. */
export interface Caller {
  /** The principal where one is proven, else the address. */
  readonly id: string
  /** A valid credential was shown, or one that only the API can judge. */
  readonly isKnown: boolean
  /** A key of ours was shown that does not hold. */
  readonly isWrong: boolean
}

/** The caller as authentication left it. */
export function callerOf({ principal, clientKey }: Exchange): Caller {
  const isProven = principal.kind !== 'none' && principal.kind !== 'upstream'
  return {
    id: isProven ? principal.id : clientKey,
    isKnown: principal.kind !== 'none',
    isWrong: false,
  }
}

/**
 * Finds out who asks for a path that does not exist, where authentication was never reached: the honest client with a
 * typing mistake is told from the one who walks paths without a credential. One credential is looked at, as elsewhere.
 */
export function callerFinder(kit: Kit): (exchange: Exchange) => MaybePromise<Caller> {
  const schemes = [...kit.apis.values()].flatMap(({ model }) => [...model.securitySchemes.values()])
  const declared = schemes.flatMap(({ place, parameterName }) =>
    place === 'header' && parameterName !== undefined ? [parameterName.toLowerCase()] : [],
  )
  const places = { headers: [...new Set(['x-api-key', ...declared])], cookies: [] }
  return (exchange) => {
    const found = extractCredentials(exchange.head.headers, places)
    const [only, ...others] = 'reason' in found ? [] : found
    if (only === undefined || others.length > 0) return callerOf(exchange)
    return judge(only, exchange, kit)
  }
}

function judge(
  { text, scheme }: PresentedCredential,
  exchange: Exchange,
  kit: Kit,
): MaybePromise<Caller> {
  const nowMs = kit.clock.nowMs()
  if (kit.keys.format.parse(text) !== undefined) {
    const agent = exchange.head.headers.get('user-agent') ?? ''
    const verified = kit.keys.verify(text, nowMs, { network: exchange.clientKey, agent })
    return andThen(verified, (key) =>
      'principal' in key
        ? known(key.principal)
        : { ...callerOf(exchange), isWrong: key.reason !== 'key_store_unavailable' },
    )
  }
  if (scheme !== 'bearer') return judgeForeign(text, exchange, kit)
  const tokenMs = kit.tokenClock.nowMs()
  if (tokenMs === undefined) return callerOf(exchange)
  // A token that does not hold is not counted as wrong: it may be one that the API itself checks.
  return andThen(kit.tokens.verify(text, tokenMs), (token) =>
    'principal' in token ? known(token.principal) : callerOf(exchange),
  )
}

/** A key of another system may be one that was imported, or one for the API itself: only a good one tells something. */
function judgeForeign(text: string, exchange: Exchange, kit: Kit): MaybePromise<Caller> {
  const found = kit.keys.verify(text, kit.clock.nowMs())
  return andThen(found, (key) => ('principal' in key ? known(key.principal) : callerOf(exchange)))
}

function known({ id }: Principal): Caller {
  return { id, isKnown: true, isWrong: false }
}
