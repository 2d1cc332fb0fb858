import { createHash } from 'node:crypto'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { andThen } from '../../base/maybe-promise.ts'
import { unreachable } from '../../base/unreachable.ts'
import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import { NO_CLAIMS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import type { Carried } from './carried.ts'
import type { SchemePlan, Slot } from './scheme-plan.ts'
import { openWrapped } from './wrapped.ts'

/** What became of one scheme: nothing was sent for it, it holds, or it does not; and where it stood. */
export type SchemeResult =
  | 'absent'
  | { readonly slot: Slot; readonly principal: Principal; readonly key: VerifiedKey | undefined }
  | { readonly slot: Slot; readonly reason: string; readonly detail?: string }

/** Judges what a request carries for one scheme. Synchronous where the answer is cached or in memory. */
export function verifyScheme(
  plan: SchemePlan,
  carried: Carried,
  context: Context,
): MaybePromise<SchemeResult> {
  switch (plan.kind) {
    case 'apiKey':
      return verifyKey(keyOf(plan, carried, context.isOurKey), context)
    case 'jwt':
      // A token bound to a key that nobody checks here would be good for whoever stole it.
      return carried.scheme === 'dpop' && plan.slot === 'authorization'
        ? { slot: plan.slot, reason: 'token_bound' }
        : verifyToken(tokenOf(plan, carried, context.isOurKey), context)
    case 'wrap':
      return verifyWrapped(plan, carried, context)
    case 'upstream':
      return passedOn(plan, carried)
    default:
      return unreachable(plan.kind)
  }
}

interface Context {
  readonly kit: Kit
  readonly exchange: Exchange
  /** Name of the API. */
  readonly api: string
  readonly isOurKey: (text: string) => boolean
}

/** A credential and where it stands. */
interface Shown {
  readonly slot: Slot
  readonly text: string
}

function shownIn(slot: Slot, carried: Carried): Shown | undefined {
  const text = carried.values.get(slot)
  return text === undefined ? undefined : { slot, text }
}

/** A gateway key stands in its declared header, or in `Authorization` as Bearer or ApiKey [KEY-02]. */
function keyOf(
  plan: SchemePlan,
  carried: Carried,
  isOurKey: Context['isOurKey'],
): Shown | undefined {
  const own = shownIn(plan.slot, carried)
  if (own !== undefined) return own
  const { scheme, token: text } = carried
  const isKey = scheme === 'apikey' || (scheme === 'bearer' && isOurKey(text))
  return isKey ? { slot: 'authorization', text } : undefined
}

/** A token is a bearer token, or stands in the header that its scheme declares. */
function tokenOf(
  plan: SchemePlan,
  carried: Carried,
  isOurKey: Context['isOurKey'],
): Shown | undefined {
  if (plan.slot !== 'authorization') return shownIn(plan.slot, carried)
  const { scheme, token: text } = carried
  return scheme === 'bearer' && !isOurKey(text) ? { slot: plan.slot, text } : undefined
}

function verifyKey(
  shown: Shown | undefined,
  { kit, exchange }: Context,
): MaybePromise<SchemeResult> {
  if (shown === undefined) return 'absent'
  const { slot, text } = shown
  const context = {
    network: exchange.clientKey,
    agent: exchange.head.headers.get('user-agent') ?? '',
  }
  return andThen(kit.keys.verify(text, kit.clock.nowMs(), context), (found): SchemeResult =>
    'principal' in found
      ? { slot, principal: found.principal, key: found }
      : { slot, reason: found.reason },
  )
}

function verifyToken(shown: Shown | undefined, { kit }: Context): MaybePromise<SchemeResult> {
  if (shown === undefined) return 'absent'
  const { slot, text } = shown
  const nowMs = kit.tokenClock.nowMs()
  if (nowMs === undefined) return { slot, reason: 'token_time_unknown' }
  return andThen(kit.tokens.verify(text, nowMs), (found): SchemeResult => {
    if ('principal' in found) return { slot, principal: found.principal, key: undefined }
    const { reason, detail } = found
    return detail === undefined ? { slot, reason } : { slot, reason, detail }
  })
}

function verifyWrapped(
  plan: SchemePlan,
  carried: Carried,
  context: Context,
): MaybePromise<SchemeResult> {
  const { slot } = plan
  return andThen(openWrapped(plan, carried, context), (found): SchemeResult => {
    if (found === undefined) return 'absent'
    if ('reason' in found) return { slot, reason: found.reason }
    return { slot, principal: found.principal, key: undefined }
  })
}

/** The API checks this one itself: here only its presence counts, and nobody learns who it is. */
function passedOn({ slot, httpScheme }: SchemePlan, carried: Carried): SchemeResult {
  const { scheme, token } = carried
  if (slot !== 'authorization') {
    const value = carried.values.get(slot)
    return value === undefined
      ? 'absent'
      : { slot, principal: upstreamPrincipal(value), key: undefined }
  }
  if (scheme === '' || (httpScheme !== '' && scheme !== httpScheme)) return 'absent'
  return { slot, principal: upstreamPrincipal(`${scheme} ${token}`), key: undefined }
}

function upstreamPrincipal(credential: string): Principal {
  const hash = createHash('sha256').update(credential).digest('hex').slice(0, 16)
  return {
    id: `upstream:${hash}`,
    kind: 'upstream',
    subject: '',
    issuer: '',
    credentialId: hash,
    scopes: new Set(),
    roles: [],
    groups: [],
    claims: NO_CLAIMS,
    operations: undefined,
    expiresAtMs: Infinity,
  }
}
