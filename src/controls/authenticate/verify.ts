import { createHash } from 'node:crypto'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isPromise } from '../../base/maybe-promise.ts'
import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import { NO_CLAIMS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import type { Carried } from './carried.ts'
import type { SchemePlan } from './scheme-plan.ts'

/** What became of one scheme: nothing was sent for it, it holds, or it does not. */
export type SchemeResult =
  | 'absent'
  | { readonly principal: Principal; readonly key: VerifiedKey | undefined }
  | { readonly reason: string; readonly detail?: string }

/** Judges what a request carries for one scheme. Synchronous where the answer is cached or in memory. */
export function verifyScheme(
  plan: SchemePlan,
  carried: Carried,
  context: {
    readonly kit: Kit
    readonly exchange: Exchange
    readonly isOurKey: (text: string) => boolean
  },
): MaybePromise<SchemeResult> {
  const { kit, exchange, isOurKey } = context
  switch (plan.kind) {
    case 'apiKey':
      return verifyKey(keyText(plan, carried, isOurKey), kit, exchange)
    case 'jwt':
      return verifyToken(carried, kit, isOurKey)
    default:
      return passedOn(plan, carried)
  }
}

/** A gateway key stands in its declared header, or in `Authorization` as Bearer or ApiKey [KEY-02]. */
function keyText(
  plan: SchemePlan,
  carried: Carried,
  isOurKey: (text: string) => boolean,
): string | undefined {
  const own = plan.slot === 'authorization' ? undefined : carried.values.get(plan.slot)
  if (own !== undefined) return own
  if (carried.scheme === 'apikey') return carried.token
  return carried.scheme === 'bearer' && isOurKey(carried.token) ? carried.token : undefined
}

function verifyKey(
  text: string | undefined,
  kit: Kit,
  exchange: Exchange,
): MaybePromise<SchemeResult> {
  if (text === undefined) return 'absent'
  const context = {
    network: exchange.clientKey,
    agent: exchange.head.headers.get('user-agent') ?? '',
  }
  const found = kit.keys.verify(text, kit.clock.nowMs(), context)
  const result = (verified: Awaited<typeof found>): SchemeResult =>
    'principal' in verified
      ? { principal: verified.principal, key: verified }
      : { reason: verified.reason }
  return isPromise(found) ? found.then(result) : result(found)
}

function verifyToken(
  carried: Carried,
  kit: Kit,
  isOurKey: (text: string) => boolean,
): MaybePromise<SchemeResult> {
  if (carried.scheme === 'dpop') return { reason: 'token_bound' }
  if (carried.scheme !== 'bearer' || isOurKey(carried.token)) return 'absent'
  const found = kit.tokens.verify(carried.token, kit.clock.nowMs())
  const result = (verified: Awaited<typeof found>): SchemeResult =>
    'principal' in verified
      ? { principal: verified.principal, key: undefined }
      : {
          reason: verified.reason,
          ...(verified.detail === undefined ? {} : { detail: verified.detail }),
        }
  return isPromise(found) ? found.then(result) : result(found)
}

/** The API checks this one itself: here only its presence counts, and nobody learns who it is. */
function passedOn(plan: SchemePlan, carried: Carried): SchemeResult {
  if (plan.slot === 'authorization') {
    if (carried.scheme !== plan.httpScheme) return 'absent'
    return { principal: upstreamPrincipal(carried.token), key: undefined }
  }
  const value = carried.values.get(plan.slot)
  return value === undefined ? 'absent' : { principal: upstreamPrincipal(value), key: undefined }
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
