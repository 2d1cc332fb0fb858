import type { KernelFilter } from '../openapi/kernel/response-kernel.ts'
import type { ViewEdge, ViewNode } from '../openapi/fields/view.ts'
import { newPlace } from '../openapi/schema/filter-place.ts'
import type { Member, Place } from '../openapi/schema/filter-place.ts'
import type { ShownDecision } from './show-field.ts'
import { memberNames } from './member-ranges.ts'
import type { MemberNames } from './member-ranges.ts'
import { pointerStep } from './show-field.ts'

/** How the fields of a text are shown without making values of it: most answers need no more. */
export interface ShownText {
  /** Takes out what is left out, and sees that the text is JSON in which no name that counts is doubtful. */
  readonly kernel: KernelFilter
  /** What it takes out. */
  readonly cover: Place
  /** Members of the top that are shown otherwise, or about which is told; `undefined`: none. */
  readonly changed: MemberNames<ChangedMember> | undefined
}

/** What becomes of a member, and how it is called in findings. */
export interface ChangedMember {
  readonly decision: ShownDecision
  readonly pointer: string
}

/** Makes a kernel for a place, as `SchemaCompiler.kernelAt`. */
export type MakeKernel = (place: Place) => KernelFilter | undefined

/**
 * The same as a view, on the text. `undefined` where values are needed: what belongs to its owner is shown otherwise,
 * items of lists are left out (they become `null`), something is changed below the top.
 */
export function shownText(
  view: ViewEdge<ShownDecision>,
  makeKernel: MakeKernel,
): ShownText | undefined {
  const places = new Places()
  const root = view.decision === undefined && view.inner ? places.root(view.inner) : undefined
  const changed = root === undefined ? undefined : memberNames(places.changed)
  if (root === undefined || (places.changed.size > 0 && changed === undefined)) return undefined
  const kernel = makeKernel(root)
  return kernel && { kernel, cover: root, changed }
}

/** Nothing is said about what is inside, and it stays. */
const STAYS: Member = { place: undefined, isHidden: false }
const GOES: Member = { place: undefined, isHidden: true }

type Filling = { -readonly [Key in keyof Place]: Place[Key] }

/** Places of a filter that leaves out what a view leaves out. */
class Places {
  readonly changed = new Map<string, ChangedMember>()
  readonly #known = new Map<ViewNode<ShownDecision>, Filling>()
  #needsValues = false

  root(top: ViewNode<ShownDecision>): Place | undefined {
    const place = this.#place(top)
    for (const [node, filling] of this.#known) this.#fill(filling, node, node === top)
    // What is changed at the top alone is changed wherever the same place comes again.
    const returns = this.changed.size > 0 && this.#returns.has(top)
    return this.#needsValues || returns ? undefined : place
  }

  readonly #returns = new Set<ViewNode<ShownDecision>>()

  #place(node: ViewNode<ShownDecision>): Place {
    const known = this.#known.get(node)
    if (known !== undefined) {
      this.#returns.add(node)
      return known
    }
    const place: Filling = { ...newPlace(), onObject: 'accept', onArray: 'accept' }
    place.alone = [place]
    this.#known.set(node, place)
    return place
  }

  /** A set that grows while it is walked: each place once, so circles end. */
  #fill(place: Filling, node: ViewNode<ShownDecision>, isTop: boolean): void {
    const members = new Map<string, Member>()
    for (const [name, edge] of node.members) {
      if (isTop && edge.decision !== undefined && isChanged(edge.decision)) {
        this.changed.set(name, { decision: edge.decision, pointer: pointerStep(name) })
        // Whatever is inside is shown by the rule of the member: two rules at once need its value.
        if (edge.inner !== undefined) this.#needsValues = true
      }
      members.set(name, this.#member(edge, isTop))
    }
    const patterns = node.patterns.map(
      ([pattern, edge]) => [pattern, this.#member(edge, false)] as const,
    )
    const additional = node.rest === undefined ? STAYS : this.#member(node.rest, false)
    place.members = members
    place.layers = [{ members, patterns, additional }]
    place.prefix = node.prefix.map((edge) => this.#item(edge))
    place.items = node.items && this.#item(node.items)
  }

  #member({ decision, inner }: ViewEdge<ShownDecision>, isTop: boolean): Member {
    if (decision !== undefined) {
      if (decision.owners.length > 0) this.#needsValues = true
      if (decision.action.kind === 'drop') return GOES
      if (isTop) return STAYS
      this.#needsValues = true
    }
    return inner === undefined ? STAYS : { place: this.#place(inner), isHidden: false }
  }

  #item({ decision, inner }: ViewEdge<ShownDecision>): Place | undefined {
    if (decision !== undefined) this.#needsValues = true
    return inner && this.#place(inner)
  }
}

function isChanged({ action }: ShownDecision): boolean {
  return action.kind !== 'drop'
}
