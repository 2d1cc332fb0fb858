import { mergeSchemas } from '../infer/merge-schemas.ts'
import type { ApiModel } from '../model.ts'
import type { Change, Difference, Outcome } from './change.ts'
import { byHand } from './change.ts'
import { outcomeOf } from './find-change.ts'
import type { ProposeOptions } from './input.ts'
import type { OverlayStep } from './overlay-step.ts'
import { stepsOf } from './write-actions.ts'

/** A difference with what becomes of it. */
export interface Judged<D extends Difference> {
  readonly difference: D
  readonly outcome: Outcome
}

/** An action of an Overlay. */
export interface OverlayAction extends OverlayStep {
  readonly description: string
  /** Ids of the operations whose traffic asks for it. */
  readonly operations: readonly string[]
}

/** What is proposed for one API: every difference judged, and the actions, each change once. */
export interface Proposal<D extends Difference> {
  readonly judged: readonly Judged<D>[]
  readonly actions: readonly OverlayAction[]
}

/** Proposes what makes the document say what was seen. Changes that several operations ask for are made once. */
export function propose<D extends Difference>(
  model: ApiModel,
  differences: readonly D[],
  options: ProposeOptions,
): Proposal<D> {
  const first = differences.map((difference) => ({
    difference,
    outcome: outcomeOf(model, difference, options),
  }))
  const groups = Map.groupBy(first.filter(isProposed), ({ outcome }) => keyOf(outcome.change))
  const unreachable = new Set<string>()
  const actions: OverlayAction[] = []
  for (const [key, group] of inOrder(groups)) {
    const steps = stepsOf(model, mergedChange(group))
    if (steps === undefined) unreachable.add(key)
    const description = describe(group)
    const operations = operationsOf(group)
    for (const step of steps ?? []) actions.push({ ...step, description, operations })
  }
  const judged = first.map((one) =>
    isProposed(one) && unreachable.has(keyOf(one.outcome.change))
      ? { difference: one.difference, outcome: OUT_OF_REACH }
      : one,
  )
  return { judged, actions }
}

const OUT_OF_REACH = byHand('it stands in another file, which an Overlay cannot change')

type Proposed<D> = {
  readonly difference: D
  readonly outcome: Extract<Outcome, { state: 'proposed' }>
}

function isProposed<D extends Difference>(one: Judged<D>): one is Judged<D> & Proposed<D> {
  return one.outcome.state === 'proposed'
}

function keyOf({ action, at, name, mediaType }: Change): string {
  // Names leave a `required` list together: the last one takes the list with it.
  const own = action === 'make-optional' ? '' : name
  return JSON.stringify([action, at.uri, at.pointer, own, mediaType ?? ''])
}

/** Whole answers before what stands inside them, then by place: the same differences give the same text. */
function inOrder<T>(groups: Map<string, T>): readonly (readonly [string, T])[] {
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function mergedChange<D>(group: readonly Proposed<D>[]): Change {
  const [first, ...rest] = group.map(({ outcome }) => outcome.change) as [Change, ...Change[]]
  const name = [...new Set([first, ...rest].map((change) => change.name))].join('\n')
  const shape = rest.reduce((sum, change) => mergeSchemas(sum, change.shape), first.shape)
  return { ...first, name, shape }
}

function operationsOf<D extends Difference>(group: readonly Judged<D>[]): readonly string[] {
  return [...new Set(group.map(({ difference }) => difference.operation))]
}

const MAX_NAMED = 5

function describe<D extends Difference>(group: readonly (Judged<D> & Proposed<D>)[]): string {
  const calls = group.reduce((sum, { difference }) => sum + difference.count, 0)
  const operations = operationsOf(group)
  const named = operations.slice(0, MAX_NAMED).join(', ')
  const more = operations.length > MAX_NAMED ? ` and ${operations.length - MAX_NAMED} more` : ''
  const [one] = group
  const what = one === undefined ? '' : `${one.difference.kind} ${one.difference.pointer}`
  const isDelicate = group.some(({ outcome }) => outcome.change.isDelicate)
  const warning = isDelicate ? 'Look twice: this loosens what callers may send. ' : ''
  return `${warning}${calls} ${calls === 1 ? 'call' : 'calls'} of ${named}${more}: ${what}`
}
