import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange, MetAlternative } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import type { SlotPlaces } from './carried.ts'
import type { AlternativePlan } from './scheme-plan.ts'

/** Settles a request that carries one known bearer token and nothing else; `false`: look at it in full. */
export type SettleKnown = (exchange: Exchange) => boolean

const NO_KEYS: readonly VerifiedKey[] = []

/**
 * The usual request: `Authorization: Bearer`, with a token that was verified before, to an operation that takes one,
 * and no other credential. Comes to what `judgeAlternatives` would, without its lists.
 * @returns `undefined` where no alternative of the operation is met by such a token alone.
 */
export function knownBearer(
  alternatives: readonly AlternativePlan[],
  places: SlotPlaces,
  { tokens, tokenClock }: Kit,
): SettleKnown | undefined {
  const ways = alternatives.filter(
    ({ schemes }) => schemes.length > 0 && schemes.every(({ plan }) => isBearer(plan)),
  )
  const plans = alternatives.flatMap(({ schemes }) => schemes.map(({ plan }) => plan))
  // What the API checks itself would count as a second proof.
  const hasOther = plans.some((plan) => plan.slot === 'authorization' && plan.kind === 'upstream')
  if (ways.length === 0 || hasOther) return undefined
  const scopes = ways.map(({ schemes }) => schemes.map((scheme) => scheme.scopes))
  return (exchange) => {
    const { headers } = exchange.head
    const value = headers.get('authorization')
    if (value === undefined) return false
    const nowMs = tokenClock.nowMs()
    const known = nowMs === undefined ? undefined : tokens.ofField(value, nowMs)
    if (known === undefined || headers.count('authorization') > 1) return false
    if (carriesOther(exchange, places)) return false
    exchange.principal = known.principal
    exchange.met = metBy(known.principal, scopes)
    exchange.keys = NO_KEYS
    return true
  }
}

function isBearer(plan: AlternativePlan['schemes'][number]['plan']): boolean {
  return plan.kind === 'jwt' && plan.slot === 'authorization'
}

function carriesOther({ head, query }: Exchange, places: SlotPlaces): boolean {
  for (const name of places.headers) if (head.headers.has(name)) return true
  if (places.cookies.length > 0 && head.headers.has('cookie')) return true
  return places.queries.length > 0 && query.pairs.length > 0
}

function metBy(
  principal: Principal,
  scopes: readonly (readonly (readonly string[])[])[],
): readonly MetAlternative[] {
  const met: MetAlternative[] = []
  for (const way of scopes) met.push({ proofs: way.map((asked) => ({ principal, scopes: asked })) })
  return met
}
