import { membersBefore, setMember } from '../copy-members.ts'
import type { Filter } from './contract.ts'
import { MAX_FILTER_PLACES } from './contract.ts'
import type { Member, Place } from './filter-place.ts'
import { unlisted } from './filter-place.ts'
import { pointerOf } from './run.ts'

/** At most this many pointers of dropped fields are kept, unless somebody asks for open places too. */
const MAX_DROPPED = 100
/** Responses are scanned before; this only keeps recursion bounded whatever the caller does. */
const MAX_DEPTH = 256

const DROP = Symbol('drop')

interface Walk {
  readonly path: (string | number)[]
  /** Made when the first field is dropped. */
  dropped: string[] | undefined
  readonly open: string[] | undefined
}

const NOTHING_DROPPED: readonly string[] = Object.freeze([])

/** Turns a place into a filter. A value that keeps all its fields is returned as it is. */
export function toFilter(place: Place | undefined): Filter {
  return (value, open) => {
    if (typeof value !== 'object' || value === null) return { value, dropped: NOTHING_DROPPED }
    const walk: Walk = { path: [], dropped: undefined, open }
    if (place === undefined) {
      if (open !== undefined) noteOpen(value, walk)
      return { value, dropped: NOTHING_DROPPED }
    }
    const result = filterAt(value, place.alone, walk)
    return { value: result === DROP ? null : result, dropped: walk.dropped ?? NOTHING_DROPPED }
  }
}

/** Only objects and arrays get here: scalars have nothing to filter. */
function filterAt(value: object, places: readonly Place[], walk: Walk): unknown {
  if (walk.path.length > MAX_DEPTH) return drop(walk)
  const active = expand(value, places)
  const isArray = Array.isArray(value)
  let stance = 'silent'
  for (const place of active) {
    const says = isArray ? place.onArray : place.onObject
    if (says === 'accept' || (says === 'refuse' && stance === 'silent')) stance = says
  }
  // A structure where only other kinds are declared is undeclared as a whole.
  if (stance === 'refuse') return drop(walk)
  return Array.isArray(value)
    ? filterItems(value, active, walk)
    : filterMembers(value, active, walk)
}

function drop(walk: Walk): typeof DROP {
  walk.dropped ??= []
  const most = walk.open === undefined ? MAX_DROPPED : MAX_FILTER_PLACES
  if (walk.dropped.length < most) walk.dropped.push(pointerOf(walk.path))
  return DROP
}

/** Notes every topmost object in a value that no schema describes. */
function noteOpen(value: unknown, walk: Walk): void {
  const { open, path } = walk
  if (open === undefined || open.length >= MAX_FILTER_PLACES || path.length > MAX_DEPTH) return
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) {
    open.push(pointerOf(path))
    return
  }
  for (let i = 0; i < value.length; i++) {
    path.push(i)
    noteOpen(value[i], walk)
    path.pop()
  }
}

/** The places that apply, with those that the value chooses. Each once: a choice may lead back to where it began. */
function expand(value: object, places: readonly Place[]): readonly Place[] {
  if (!places.some((place) => place.groups.length > 0)) return places
  const found = new Set(places)
  for (const place of found) {
    for (const group of place.groups) {
      for (const chosen of typeof group === 'function' ? group(value) : group) found.add(chosen)
    }
  }
  return [...found]
}

function filterItems(items: readonly unknown[], places: readonly Place[], walk: Walk): unknown {
  const [first] = places
  const only = places.length === 1 && first?.prefix.length === 0 ? first.items?.alone : undefined
  let copy: unknown[] | undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (typeof item !== 'object' || item === null) continue
    const inner = only ?? placesOf(places, i)
    walk.path.push(i)
    if (inner.length === 0) {
      if (walk.open !== undefined) noteOpen(item, walk)
      walk.path.pop()
      continue
    }
    const kept = filterAt(item, inner, walk)
    walk.path.pop()
    if (kept === item) continue
    copy ??= [...items]
    // The other items keep their positions.
    copy[i] = kept === DROP ? null : kept
  }
  return copy ?? items
}

function placesOf(places: readonly Place[], index: number): readonly Place[] {
  return places
    .map((place) => place.prefix[index] ?? place.items)
    .filter((one) => one !== undefined)
}

function filterMembers(value: object, places: readonly Place[], walk: Walk): unknown {
  if (!places.some((place) => place.layers.length > 0 || place.rest !== undefined)) {
    if (walk.open !== undefined) noteOpen(value, walk)
    return value
  }
  const source = value as Readonly<Record<string, unknown>>
  const only = places.length === 1 ? places[0] : undefined
  let copy: Record<string, unknown> | undefined
  for (const name in source) {
    if (!Object.hasOwn(source, name)) continue
    const member = source[name]
    const listed = only?.members.get(name)
    const isScalar = typeof member !== 'object' || member === null
    let kept: unknown = member
    // A scalar that is listed and not hidden stays: most members end here.
    if (listed === undefined) kept = keepShared(member, name, { places, walk })
    else if (!isScalar || listed.isHidden) kept = keepListed(member, name, { listed, walk })
    if (copy === undefined && kept !== member) copy = membersBefore(source, name)
    if (copy !== undefined && kept !== DROP) setMember(copy, name, kept)
  }
  return copy ?? value
}

/** The usual case: one place, which lists the name. */
function keepListed(member: unknown, name: string, at: { listed: Member; walk: Walk }): unknown {
  const { listed, walk } = at
  if (listed.isHidden) return dropMember(name, walk)
  if (typeof member !== 'object' || member === null) return member
  if (listed.place === undefined) return openMember(member, name, walk)
  return descend(member, name, { places: listed.place.alone, walk })
}

/** A member about which several places, or none by name, have something to say. */
function keepShared(
  member: unknown,
  name: string,
  at: { places: readonly Place[]; walk: Walk },
): unknown {
  const said = saidOf(name, at.places)
  if (said.length === 0 || said.some((one) => one.isHidden)) return dropMember(name, at.walk)
  if (typeof member !== 'object' || member === null) return member
  const places = said.map((one) => one.place).filter((place) => place !== undefined)
  return places.length === 0 ? member : descend(member, name, { places, walk: at.walk })
}

/** A field that is named and not described. */
function openMember(member: object, name: string, walk: Walk): object {
  if (walk.open === undefined) return member
  walk.path.push(name)
  noteOpen(member, walk)
  walk.path.pop()
  return member
}

const NOBODY: readonly Member[] = Object.freeze([])

function saidOf(name: string, places: readonly Place[]): readonly Member[] {
  if (places.every((place) => !place.members.has(name) && isClosed(place))) return NOBODY
  const said = places.flatMap((place) => {
    const listed = place.members.get(name)
    return listed === undefined ? unlisted(place.layers, name) : [listed]
  })
  return said.length > 0 ? said : places.flatMap((place) => place.rest ?? [])
}

/** Says nothing of a name that it does not list: such a member goes without another look. */
function isClosed({ layers, rest }: Place): boolean {
  if (rest !== undefined) return false
  return layers.every(
    ({ patterns, additional }) => patterns.length === 0 && additional === undefined,
  )
}

function descend(
  member: object,
  name: string,
  at: { places: readonly Place[]; walk: Walk },
): unknown {
  at.walk.path.push(name)
  const kept = filterAt(member, at.places, at.walk)
  at.walk.path.pop()
  return kept
}

function dropMember(name: string, walk: Walk): typeof DROP {
  walk.path.push(name)
  drop(walk)
  walk.path.pop()
  return DROP
}
