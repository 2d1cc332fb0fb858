import type { Cell } from './node.ts'

/** What is known of a compiled schema once all it refers to is compiled. */
export interface Seal {
  /** The schema, or one it refers to, refers to itself. */
  readonly isRecursive: boolean
}

interface Step {
  readonly cell: Cell
  next: number
  isRecursive: boolean
}

/**
 * Walks the references below a compiled schema once: marks those that close a circle, and remembers which schemas
 * are recursive. Without recursion of our own, because chains of references may be long.
 */
export function sealCycles(root: Cell, seals: Map<Cell, Seal>): Seal {
  const open = new Set<Cell>()
  const stack: Step[] = []
  const enter = (cell: Cell): void => {
    open.add(cell)
    stack.push({ cell, next: 0, isRecursive: false })
  }
  if (!seals.has(root)) enter(root)
  for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
    const edge = step.cell.edges[step.next++]
    if (edge === undefined) {
      finish(step, stack, open, seals)
      continue
    }
    if (open.has(edge.target)) {
      edge.isCyclic = true
      step.isRecursive = true
      continue
    }
    const seal = seals.get(edge.target)
    if (seal === undefined) enter(edge.target)
    else step.isRecursive ||= seal.isRecursive
  }
  return seals.get(root) ?? { isRecursive: false }
}

function finish(step: Step, stack: Step[], open: Set<Cell>, seals: Map<Cell, Seal>): void {
  stack.pop()
  open.delete(step.cell)
  seals.set(step.cell, { isRecursive: step.isRecursive })
  const parent = stack.at(-1)
  if (parent !== undefined) parent.isRecursive ||= step.isRecursive
}

/** Schemas that apply themselves to the same value, without getting on: no value could ever be checked. */
export function findEndless(cells: readonly Cell[]): readonly Cell[] {
  const done = new Set<Cell>()
  const endless = new Set<Cell>()
  for (const root of cells) {
    const open = new Set<Cell>()
    const stack: Step[] = [{ cell: root, next: 0, isRecursive: false }]
    if (done.has(root)) continue
    open.add(root)
    for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
      const edge = step.cell.edges[step.next++]
      if (edge === undefined) {
        stack.pop()
        open.delete(step.cell)
        done.add(step.cell)
      } else if (edge.inPlace && open.has(edge.target)) endless.add(edge.target)
      else if (edge.inPlace && !done.has(edge.target)) {
        open.add(edge.target)
        stack.push({ cell: edge.target, next: 0, isRecursive: false })
      }
    }
  }
  return [...endless]
}
