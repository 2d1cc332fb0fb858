import type { Exchange } from '../../pipeline/exchange.ts'
import type { OwnerRule } from './owner-rule.ts'

/** An object that another one names: what it is, and its id in its one text. */
export interface Named {
  readonly type: string
  readonly id: string
}

/** What is known of the objects that an exchange names. */
interface Lookups {
  readonly known: Map<string, boolean>
  readonly asked: Map<string, Named>
  /** An object is judged that was named by another: what it names itself is not asked for. */
  isNested: boolean
}

const LOOKUPS = new WeakMap<Exchange, Lookups>()

/** Most objects that are asked for one exchange. */
export const MAX_LOOKUPS = 20

/** What stands in a path as it is, whatever reads it. */
const ID = /^[\w.~:@+=,-]{1,200}$/

/** The text by which an id is asked for; `undefined` where it is none: empty, not exact, or more than a step of a path. */
export function idText(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '.' || text === '..') return undefined
  return ID.test(text) ? text : undefined
}

function lookupsOf(exchange: Exchange): Lookups {
  const found = LOOKUPS.get(exchange) ?? { known: new Map(), asked: new Map(), isNested: false }
  LOOKUPS.set(exchange, found)
  return found
}

/**
 * The rule of a member that names an object of another schema: it holds where that object is the caller's. What is not
 * known yet holds until it was asked; judge again then.
 */
export function referenceRule(type: string, member: string, name: string): OwnerRule {
  const holds = (exchange: Exchange, value: unknown): boolean => {
    const object = value as Readonly<Record<string, unknown>>
    const id = Object.hasOwn(object, member) ? idText(object[member]) : undefined
    if (id === undefined) return false
    const key = keyOf({ type, id })
    const { known, asked, isNested } = lookupsOf(exchange)
    if (isNested) return known.get(key) === true
    if (!known.has(key)) asked.set(key, { type, id })
    return known.get(key) ?? true
  }
  return { name, condition: { holds } }
}

function keyOf({ type, id }: Named): string {
  return `${type} ${id}`
}

/** Judges an object that was named: what it names itself does not count unless it is known, so that chains end. */
export function judgedAlone<T>(exchange: Exchange, judge: () => T): T {
  const lookups = lookupsOf(exchange)
  lookups.isNested = true
  try {
    return judge()
  } finally {
    lookups.isNested = false
  }
}

/** Whether anything was named that is not known yet. */
export function isAsking(exchange: Exchange): boolean {
  return (LOOKUPS.get(exchange)?.asked.size ?? 0) > 0
}

/**
 * Asks for everything that was named and is not known yet.
 * @param owns whether an object is the caller's; `undefined`: nobody could tell.
 * @returns false where nobody could tell. Of more than `MAX_LOOKUPS` objects, those beyond are nobody's.
 */
export async function askAll(
  exchange: Exchange,
  owns: (named: Named) => Promise<boolean | undefined>,
): Promise<boolean> {
  const { known, asked } = lookupsOf(exchange)
  const waiting = [...asked]
  asked.clear()
  const answers = await Promise.all(
    waiting.map(async ([key, named], index) => {
      const isOwn = known.size + index < MAX_LOOKUPS ? await owns(named) : false
      return [key, isOwn] as const
    }),
  )
  for (const [key, isOwn] of answers) known.set(key, isOwn === true)
  return answers.every(([, isOwn]) => isOwn !== undefined)
}
