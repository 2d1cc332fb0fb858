import type { Member, Place } from '../schema/filter-place.ts'
import { unlisted } from '../schema/filter-place.ts'
import { DESCRIBED, OPEN, REFUSED, UNDECIDED } from './layout.ts'

/** What is done with a member or an item: a state looks into it, or it stays, goes, or cannot be told. */
export type Step = State | 'open' | 'drop' | 'undecided'

/** All places that apply together at one point of a text; places that only a value can choose make it undecided. */
export interface State {
  readonly objects: number
  readonly arrays: number
  readonly names: ReadonlyMap<string, Step>
  readonly unlisted: Step
  readonly items: Step
  readonly prefix: readonly Step[]
}

/** More places at one point are left undecided; so are more states, so that no document makes the table explode. */
const MAX_PLACES = 64
const MAX_STATES = 50_000
/** Slots of 16 bits, at most half full. */
const MAX_NAMES = 30_000

interface Draft {
  objects: number
  arrays: number
  names: Map<string, Step>
  unlisted: Step
  items: Step
  prefix: Step[]
}

/** Turns places into states: the subset construction, with places as the states of the nondeterministic machine. */
export class States {
  readonly #numbers = new Map<Place, number>()
  readonly #known = new Map<string, Draft>()
  readonly #pending: { readonly draft: Draft; readonly places: readonly Place[] }[] = []

  /** What to do where a place stands; all its states are complete on return. */
  of(place: Place | undefined): Step {
    const step = place === undefined ? 'open' : this.#step([place])
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if (next.draft.objects === DESCRIBED) this.#fillNames(next.draft, next.places)
      if (next.draft.arrays === DESCRIBED) this.#fillItems(next.draft, next.places)
    }
    return step
  }

  #step(places: readonly Place[]): Step {
    if (places.length === 0) return 'open'
    const all = closure(places)
    if (all === undefined) return 'undecided'
    const objects = stanceOn(all, 'object')
    const arrays = stanceOn(all, 'array')
    if (objects === OPEN && arrays === OPEN) return 'open'
    const key = all
      .map((place) => this.#number(place))
      .toSorted((a, b) => a - b)
      .join()
    let draft = this.#known.get(key)
    if (draft !== undefined) return draft
    if (this.#known.size >= MAX_STATES) return 'undecided'
    draft = { objects, arrays, names: new Map(), unlisted: 'drop', items: 'open', prefix: [] }
    this.#known.set(key, draft)
    this.#pending.push({ draft, places: all })
    return draft
  }

  #number(place: Place): number {
    const number = this.#numbers.get(place) ?? this.#numbers.size
    this.#numbers.set(place, number)
    return number
  }

  #fillNames(draft: Draft, places: readonly Place[]): void {
    const names = new Set(places.flatMap((place) => [...place.members.keys()]))
    if (names.size > MAX_NAMES) {
      draft.objects = UNDECIDED
      return
    }
    for (const name of names) {
      const said = places.flatMap((place) => {
        const listed = place.members.get(name)
        return listed === undefined ? unlisted(place.layers, name) : [listed]
      })
      draft.names.set(name, this.#memberStep(said))
    }
    draft.unlisted = this.#unlistedStep(places)
  }

  #unlistedStep(places: readonly Place[]): Step {
    const layers = places.flatMap((place) => place.layers)
    if (layers.some((layer) => layer.patterns.length > 0)) return 'undecided'
    const additional = layers.flatMap((layer) => layer.additional ?? [])
    return this.#memberStep(
      additional.length > 0 ? additional : places.flatMap((place) => place.rest ?? []),
    )
  }

  #memberStep(said: readonly Member[]): Step {
    if (said.length === 0 || said.some((one) => one.isHidden)) return 'drop'
    return this.#step(said.flatMap((one) => one.place ?? []))
  }

  #fillItems(draft: Draft, places: readonly Place[]): void {
    draft.items = this.#step(places.flatMap((place) => place.items ?? []))
    const length = Math.max(...places.map((place) => place.prefix.length))
    draft.prefix = Array.from({ length }, (_, index) =>
      this.#step(places.flatMap((place) => place.prefix[index] ?? place.items ?? [])),
    )
  }
}

/** The places with all that always apply beside them; `undefined` where a value would choose. */
function closure(places: readonly Place[]): readonly Place[] | undefined {
  const found = new Set(places)
  for (const place of found) {
    for (const group of place.groups) {
      if (typeof group === 'function' || found.size > MAX_PLACES) return undefined
      for (const also of group) found.add(also)
    }
  }
  return [...found]
}

function stanceOn(places: readonly Place[], kind: 'object' | 'array'): number {
  const says = places.map((place) => (kind === 'object' ? place.onObject : place.onArray))
  if (says.includes('refuse') && !says.includes('accept')) return REFUSED
  const isDescribed = places.some((place) =>
    kind === 'object'
      ? place.layers.length > 0 || place.rest !== undefined
      : place.items !== undefined || place.prefix.length > 0,
  )
  return isDescribed ? DESCRIBED : OPEN
}
