import type { Exchange } from '../../pipeline/exchange.ts'
import type { OwnerPlace, PlaceRule } from './owner-places.ts'

/** What is left of a response for one caller. */
export interface Judgement {
  /** The response as a whole is not for this caller: its object, or one that stands in it by itself. */
  readonly isForeign: boolean
  /** Items that are left out, by the list in which they stand (the very array that was judged). */
  readonly removed: ReadonlyMap<readonly unknown[], ReadonlySet<number>>
  /** Items of lists with owners that stay, of all such lists that stand in no other. */
  readonly visible: number
  /** Rules that failed and where, for the log; at most 20. */
  readonly findings: readonly string[]
}

/** Deeper nesting than this is not looked into, so nothing of it is shown. */
const MAX_DEPTH = 256
const MAX_FINDINGS = 20

interface Walk {
  readonly exchange: Exchange
  readonly path: (string | number)[]
  readonly removed: Map<readonly unknown[], Set<number>>
  readonly findings: string[]
  visible: number
  /** Lists with owners around the value. */
  lists: number
}

/** Judges every object with an owner in a response. Never throws, never changes its input. */
export function judgeValue(value: unknown, place: OwnerPlace, exchange: Exchange): Judgement {
  const walk: Walk = {
    exchange,
    path: [],
    removed: new Map(),
    findings: [],
    visible: 0,
    lists: 0,
  }
  const isShown =
    place.rules.length > 0 && !isStructure(value)
      ? refuse(place.rules, walk)
      : isOwn(value, place, walk)
  const { removed, visible, findings } = walk
  return { isForeign: !isShown, removed, visible, findings }
}

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Whether a value may be shown: itself, and all that stands in it by itself. */
function isOwn(value: unknown, place: OwnerPlace, walk: Walk): boolean {
  // Nothing is shown of an object that is not there; a text where an object should be might be anything.
  if (!isStructure(value))
    return value === null || value === undefined || isUnruled(value, place, walk)
  if (walk.path.length > MAX_DEPTH) return refuse(place.rules, walk)
  if (Array.isArray(value)) return isOwnList(value, place, walk)
  for (const { rule, mayBe } of place.rules) {
    if (mayBe?.(value) === false) continue
    if (!rule.condition.holds(walk.exchange, value)) return refuse([{ rule, mayBe }], walk)
  }
  return areOwnMembers(value, place, walk)
}

function isUnruled(value: unknown, place: OwnerPlace, walk: Walk): boolean {
  // What only holds objects with owners is none of its own, and no text of it is one that was looked at.
  if (place.rules.length === 0 && place.takes?.(value) === false) return refuse(ODD, walk)
  const held = place.rules.filter(({ mayBe }) => mayBe?.(value) !== false)
  return held.length === 0 || refuse(held, walk)
}

/** Stands for a value of another kind than the document declares. */
const ODD: readonly PlaceRule[] = [
  {
    rule: { name: 'a value of another kind', condition: { holds: () => false } },
    mayBe: undefined,
  },
]

function refuse(rules: readonly PlaceRule[], { path, findings }: Walk): false {
  if (findings.length < MAX_FINDINGS) {
    const names = rules.map(({ rule }) => rule.name).join(', ')
    findings.push(`${names} at /${path.join('/')}`.slice(0, 200))
  }
  return false
}

/** Leaves out the items that are not the caller's; a list has no owner of its own. */
function isOwnList(items: readonly unknown[], place: OwnerPlace, walk: Walk): boolean {
  walk.lists += 1
  let gone: Set<number> | undefined
  for (let index = 0; index < items.length; index += 1) {
    // An API that returns a list where one object is declared: each is judged as that object, or what holds it.
    const inner = place.prefix[index] ?? place.items ?? place
    if (!inner.isGuarded) continue
    walk.path.push(index)
    if (!isOwn(items[index], inner, walk)) (gone ??= new Set()).add(index)
    walk.path.pop()
  }
  walk.lists -= 1
  if (gone !== undefined) walk.removed.set(items, gone)
  const isCounted = walk.lists === 0 && (place.items ?? place).isGuarded
  if (isCounted) walk.visible += items.length - (gone?.size ?? 0)
  return true
}

function areOwnMembers(value: object, place: OwnerPlace, walk: Walk): boolean {
  const source = value as Readonly<Record<string, unknown>>
  const { members, rest, listed, items } = place
  if (members.size === 0 && rest?.isGuarded !== true) {
    // An object where only a list is declared: judged as an item of it.
    const isOdd = items?.isGuarded === true && place.rules.length === 0 && listed.size === 0
    if (!isOdd) return true
    // Counts as deeper, so that a list of itself ends.
    walk.path.push('*')
    const isShown = isOwn(value, items, walk)
    walk.path.pop()
    return isShown
  }
  for (const name of Object.keys(source)) {
    const inner = members.get(name) ?? (listed.has(name) ? undefined : rest)
    if (inner?.isGuarded !== true) continue
    walk.path.push(name)
    const isShown = isOwn(source[name], inner, walk)
    walk.path.pop()
    if (!isShown) return false
  }
  return true
}
