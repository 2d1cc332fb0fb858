import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { judgedWithFacts } from '../../pipeline/conditions/facts.ts'
import type { FactJudgement } from '../../pipeline/conditions/facts.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { parseAnswer } from './answer-text.ts'
import { ownerUnknown } from './denials.ts'
import { judgeValue } from './judge-value.ts'
import { askAll, isAsking, judgedAlone } from './lookups.ts'
import type { Named } from './lookups.ts'
import type { OwnerPlace } from './owner-places.ts'

/** How objects of one type are asked for. */
export interface TypeRead {
  readonly read: Site
  /** `undefined`: nothing says whose such an object is. */
  readonly place: OwnerPlace | undefined
  /** Everybody may see such objects. */
  readonly isPublic: boolean
}

/** Finds how objects of a type are asked for. */
export type FindTypeRead = (type: string) => TypeRead | undefined

/**
 * Judges an object, and once more when the objects that it names, and the facts that its rules ask for, are known.
 * What a judgement changes counts only of the last one. Synchronous where nothing is asked for.
 */
export function judgeSettled(
  exchange: Exchange,
  judge: () => Denial | undefined,
  find: FindTypeRead,
): MaybePromise<Denial | undefined> {
  const judgement = { judge, isFinal: NEVER, unknown: ownerUnknown }
  const denial = judgedWithFacts<Denial | undefined>(exchange, judgement)
  const settled = (found: Denial | undefined): MaybePromise<Denial | undefined> =>
    found !== undefined || !isAsking(exchange) ? found : withNamed(exchange, judgement, find)
  return isPromise(denial) ? denial.then(settled) : settled(denial)
}

async function withNamed(
  exchange: Exchange,
  judgement: FactJudgement<Denial | undefined>,
  find: FindTypeRead,
): Promise<Denial | undefined> {
  const isTold = await askAll(exchange, (named) => ownsNamed(exchange, named, find))
  return isTold ? judgedWithFacts(exchange, judgement) : ownerUnknown()
}

/** What an object shows of others may be open, whatever was found so far. */
const NEVER = (): boolean => false

/** Whether an object that is named by its id is the caller's; `undefined`: the API did not say. */
export async function ownsNamed(
  exchange: Exchange,
  { type, id }: Named,
  find: FindTypeRead,
): Promise<boolean | undefined> {
  const found = find(type)
  if (found === undefined) return false
  const { read, place } = found
  if (found.isPublic || place === undefined) return found.isPublic
  const template = read.publicBase + read.operation.template
  const path = template.slice(0, template.lastIndexOf('/') + 1) + encodeURIComponent(id)
  const answer = await exchange.readObject(read, path)
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return undefined
  if (answer.status !== 200) return false
  const parsed = parseAnswer(answer.body)
  if (parsed === undefined || mayRepeatKeys(parsed.value, parsed.text)) return false
  return judgedWithFacts<boolean | undefined>(exchange, {
    judge: () => judgedAlone(exchange, () => !judgeValue(parsed.value, place, exchange).isForeign),
    isFinal: (isOwn) => isOwn === true,
    unknown: () => undefined,
  })
}
