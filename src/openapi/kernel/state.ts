import type { Member, Place } from '../schema/filter-place.ts'
import { unlisted } from '../schema/filter-place.ts'
import { DESCRIBED, OPEN, REFUSED, UNDECIDED } from './layout.ts'

/** What is done with a member or an item: a state looks into it, or it stays, goes, or cannot be told. */
export type Step = State | 'open' | 'drop' | 'hide' | 'undecided'

/** What a place of `Cover` leaves of a member: what is inside of it, if that is said at all. */
type Left = { readonly cover: Place | undefined } | 'hide' | 'undecided'

const ALL_LEFT: Left = { cover: undefined }

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

/** A draft with what it is made of. `cover` takes away from what the places leave, and adds nothing. */
interface Pending {
  readonly draft: Draft
  readonly places: readonly Place[]
  readonly cover: Place | undefined
}

/** Turns places into states: the subset construction, with places as the states of the nondeterministic machine. */
export class States {
  readonly #numbers = new Map<Place, number>()
  readonly #known = new Map<string, Draft>()
  readonly #pending: Pending[] = []

  /**
   * What to do where a place stands; all its states are complete on return.
   * @param cover what of it is hidden: members that go although the place declares them. It has no groups.
   */
  of(place: Place | undefined, cover?: Place): Step {
    const step = this.#step(place === undefined ? [] : [place], cover)
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if (next.draft.objects === DESCRIBED) this.#fillNames(next)
      if (next.draft.arrays === DESCRIBED) this.#fillItems(next)
    }
    return step
  }

  #step(places: readonly Place[], cover: Place | undefined): Step {
    if (places.length === 0 && cover === undefined) return 'open'
    const all = closure(places)
    if (all === undefined) return 'undecided'
    const objects = covered(stanceOn(all, 'object'), cover)
    const arrays = covered(stanceOn(all, 'array'), cover)
    if (objects === OPEN && arrays === OPEN) return 'open'
    const numbers = all.map((place) => this.#number(place)).toSorted((a, b) => a - b)
    const key = `${numbers.join()} ${cover === undefined ? '' : this.#number(cover)}`
    let draft = this.#known.get(key)
    if (draft !== undefined) return draft
    if (this.#known.size >= MAX_STATES) return 'undecided'
    draft = { objects, arrays, names: new Map(), unlisted: 'drop', items: 'open', prefix: [] }
    this.#known.set(key, draft)
    this.#pending.push({ draft, places: all, cover })
    return draft
  }

  #number(place: Place): number {
    const number = this.#numbers.get(place) ?? this.#numbers.size
    this.#numbers.set(place, number)
    return number
  }

  #fillNames({ draft, places, cover }: Pending): void {
    const described = cover === undefined ? places : [...places, cover]
    const names = new Set(described.flatMap((place) => [...place.members.keys()]))
    const isOpen = stanceOn(places, 'object') === OPEN
    if (names.size > MAX_NAMES) {
      draft.objects = UNDECIDED
      return
    }
    for (const name of names) {
      const said = places.flatMap((place) => {
        const listed = place.members.get(name)
        return listed === undefined ? unlisted(place.layers, name) : [listed]
      })
      draft.names.set(name, this.#memberStep(said, leftOf(cover, name), isOpen))
    }
    draft.unlisted = this.#unlistedStep(places, leftOf(cover, undefined), isOpen)
  }

  #unlistedStep(places: readonly Place[], left: Left, isOpen: boolean): Step {
    const layers = places.flatMap((place) => place.layers)
    if (layers.some((layer) => layer.patterns.length > 0)) return 'undecided'
    const additional = layers.flatMap((layer) => layer.additional ?? [])
    const said = additional.length > 0 ? additional : places.flatMap((place) => place.rest ?? [])
    return this.#memberStep(said, left, isOpen)
  }

  #memberStep(said: readonly Member[], left: Left, isOpen: boolean): Step {
    if ((said.length === 0 && !isOpen) || said.some((one) => one.isHidden)) return 'drop'
    if (typeof left === 'string') return left
    return this.#step(
      said.flatMap((one) => one.place ?? []),
      left.cover,
    )
  }

  #fillItems({ draft, places, cover }: Pending): void {
    draft.items = this.#step(
      places.flatMap((place) => place.items ?? []),
      cover?.items,
    )
    const lengths = places.map((place) => place.prefix.length)
    const length = Math.max(0, cover?.prefix.length ?? 0, ...lengths)
    draft.prefix = Array.from({ length }, (_, index) =>
      this.#step(
        places.flatMap((place) => place.prefix[index] ?? place.items ?? []),
        cover?.prefix[index] ?? cover?.items,
      ),
    )
  }
}

/** A cover looks into all that nothing is said of, and lets what is refused be refused. */
function covered(stance: number, cover: Place | undefined): number {
  return stance === OPEN && cover !== undefined ? DESCRIBED : stance
}

/** What a cover leaves of the member of a name, or of any that nobody lists. */
function leftOf(cover: Place | undefined, name: string | undefined): Left {
  if (cover === undefined) return ALL_LEFT
  const listed = name === undefined ? undefined : cover.members.get(name)
  const { layers } = cover
  if (name === undefined && layers.some(({ patterns }) => patterns.length > 0)) return 'undecided'
  const said = listed === undefined ? unlisted(layers, name ?? '') : [listed]
  if (said.some(({ isHidden }) => isHidden)) return 'hide'
  const places = said.flatMap(({ place }) => place ?? [])
  return places.length > 1 ? 'undecided' : { cover: places[0] }
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
