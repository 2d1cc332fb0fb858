import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { parseAnswer } from './answer-text.ts'
import { judgeValue } from './judge-value.ts'
import { askAll, judgedAlone } from './lookups.ts'
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

/** Asks for what a judgement has named. @returns false where nobody could tell; else judge again. */
export function settleLookups(exchange: Exchange, find: FindTypeRead): Promise<boolean> {
  return askAll(exchange, (named) => ownsNamed(exchange, named, find))
}

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
  return judgedAlone(exchange, () => !judgeValue(parsed.value, place, exchange).isForeign)
}
