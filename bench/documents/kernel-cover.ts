// How much of the response schemas of a document the response kernel follows.
import { UNDECIDED } from '../../src/openapi/kernel/layout.ts'
import type { State, Step } from '../../src/openapi/kernel/state.ts'
import { States } from '../../src/openapi/kernel/state.ts'
import type { Place } from '../../src/openapi/schema/filter-place.ts'

/** JSON schemas of responses: followed wholly, but for structures that a value chooses, not at all. */
export interface KernelCover {
  whole: number
  partly: number
  not: number
}

/** Counts the schemas of one document. */
export class KernelCounter {
  readonly cover: KernelCover = { whole: 0, partly: 0, not: 0 }
  readonly #states = new States()

  add(place: Place | undefined): void {
    const step = this.#states.of(place)
    if (step === 'undecided') this.cover.not += 1
    else if (isWhole(step)) this.cover.whole += 1
    else this.cover.partly += 1
  }
}

function isWhole(root: Step): boolean {
  const seen = new Set<State>()
  const pending = [root]
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    if (step === 'undecided') return false
    if (typeof step === 'string' || seen.has(step)) continue
    if (step.objects === UNDECIDED || step.arrays === UNDECIDED) return false
    seen.add(step)
    pending.push(...step.names.values(), step.unlisted, step.items, ...step.prefix)
  }
  return true
}
