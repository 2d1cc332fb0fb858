import type { VerifiedKey } from '../../identity/keys/verified-key.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import type { MetAlternative } from '../../pipeline/exchange.ts'
import type { Carried } from './carried.ts'
import type { AlternativePlan } from './scheme-plan.ts'
import type { SchemeResult } from './verify.ts'

/** Who it is and what is met, or why not. */
export type AuthVerdict =
  | {
      readonly met: readonly MetAlternative[]
      readonly principal: Principal
      readonly keys: readonly VerifiedKey[]
    }
  | { readonly reason: string; readonly detail?: string }

type Sent = Exclude<SchemeResult, 'absent'>
type Holding = Extract<SchemeResult, { readonly principal: Principal }>

/**
 * Weighs what every scheme came to. A credential that was sent and does not hold refuses, even where an alternative
 * asks for none: whoever shows a wrong one is not nobody. More credentials than any one alternative takes is doubt.
 */
export function judgeAlternatives(
  alternatives: readonly AlternativePlan[],
  results: ReadonlyMap<string, SchemeResult>,
  carried: Carried,
): AuthVerdict {
  const sent = [...results.values()].filter((result): result is Sent => result !== 'absent')
  const places = countOf(carried)
  const most = Math.max(...alternatives.map(({ schemes }) => placesOf(schemes, carried)), 0)
  if (places > Math.max(most, 1)) return { reason: 'multiple_credentials' }
  const wrong = wrongOf(sent)
  if (wrong !== undefined) return wrong
  const met = alternatives.filter((alternative) => isMet(alternative, results))
  const withCredential = met.filter(({ schemes }) => schemes.length > 0)
  if (met.length === 0)
    return places > 0 && sent.length === 0 ? { reason: 'wrong_scheme' } : { reason: 'missing' }
  return accepted(withCredential.length > 0 ? withCredential : met, results)
}

/**
 * The usual case, where the operation knows one scheme and its credential holds: as `judgeAlternatives` without lists.
 * @returns `undefined` where there is more to weigh.
 */
export function judgeOnly(
  alternatives: readonly AlternativePlan[],
  result: SchemeResult,
  carried: Carried,
): AuthVerdict | undefined {
  if (!isHolding(result) || countOf(carried) !== 1) return undefined
  const { principal, key } = result
  const met: MetAlternative[] = []
  for (const { schemes } of alternatives) {
    if (schemes.length > 1) return undefined
    for (const { scopes } of schemes) met.push({ proofs: [{ principal, scopes }] })
  }
  return { met, principal, keys: key === undefined ? NO_KEYS : [key] }
}

const NO_KEYS: readonly VerifiedKey[] = []

/** How many credentials were sent. */
function countOf({ values, scheme }: Carried): number {
  return values.size + (scheme === '' ? 0 : 1)
}

/**
 * The first credential that does not hold. One place may be read by two schemes, such as tokens of an issuer and
 * tokens that the API checks itself: it is wrong when none of them takes it.
 */
function wrongOf(sent: readonly Sent[]): Extract<Sent, { readonly reason: string }> | undefined {
  const good = new Set(sent.filter(isHolding).map(({ slot }) => slot))
  return sent.find((result) => 'reason' in result && !good.has(result.slot)) as
    | Extract<Sent, { readonly reason: string }>
    | undefined
}

function isHolding(result: SchemeResult | undefined): result is Holding {
  return typeof result === 'object' && 'principal' in result
}

/**
 * AND: every scheme holds, each with a credential of its own. A key may stand in `Authorization` in place of its own
 * header, but there it must not count for two schemes that the document gives two headers.
 */
function isMet({ schemes }: AlternativePlan, results: ReadonlyMap<string, SchemeResult>): boolean {
  const holding = schemes.map(({ plan }) => results.get(plan.name)).filter(isHolding)
  if (holding.length < schemes.length) return false
  const asked = new Set(schemes.map(({ plan }) => plan.slot))
  return new Set(holding.map(({ slot }) => slot)).size >= asked.size
}

/** How many of the carried credentials an alternative has a use for. */
function placesOf(schemes: AlternativePlan['schemes'], carried: Carried): number {
  const slots = new Set(schemes.map(({ plan }) => plan.slot))
  const others = [...slots].filter(
    (slot) => slot !== 'authorization' && carried.values.has(slot),
  ).length
  const takesAuthorization =
    carried.scheme !== '' && (slots.has('authorization') || others < slots.size)
  return others + (takesAuthorization ? 1 : 0)
}

function accepted(
  met: readonly AlternativePlan[],
  results: ReadonlyMap<string, SchemeResult>,
): AuthVerdict {
  const alternatives = met.map(({ schemes }): MetAlternative => ({
    proofs: schemes.flatMap(({ plan, scopes }) => {
      const result = results.get(plan.name)
      return isHolding(result) ? [{ principal: result.principal, scopes }] : []
    }),
  }))
  const holding = met
    .flatMap(({ schemes }) => schemes.map(({ plan }) => results.get(plan.name)))
    .filter(isHolding)
  // A person's or client's token says more of the caller than a key; a key more than what was only passed on.
  const best = (['jwt', 'wrapped', 'apiKey', 'upstream'] as const)
    .map((kind) => holding.find(({ principal }) => principal.kind === kind))
    .find((found) => found !== undefined)
  return {
    met: alternatives,
    principal: best?.principal ?? ANONYMOUS,
    // Every key counts: with two in one alternative, each stays confined to what it was made for.
    keys: holding.flatMap(({ key }) => (key === undefined ? [] : [key])),
  }
}
