import { membersBefore, setMember } from '../copy-members.ts'
import { foldName } from './view.ts'
import type { ViewEdge, ViewNode } from './view.ts'

/** Take the member away; an item of a list becomes `null`, so that the others keep their places. */
export const DROP: unique symbol = Symbol('drop')

/** As deep as responses are followed; what lies deeper is taken away, for nobody can say what it is. */
const MAX_DEPTH = 256

/** Where a walk stands; told to `change`, which may keep notes in it. */
export interface RewriteWalk {
  /** Names and indexes from the top; changes while the walk goes on. */
  readonly path: (string | number)[]
}

/**
 * What becomes of a value about which something is decided. The value itself: it stays, and the walk goes on inside.
 * `parent`: the object that has it as a member; `undefined` for items and the top.
 */
export type Change<Decision, Walk extends RewriteWalk> = (
  value: unknown,
  decision: Decision,
  at: { readonly parent: object | undefined; readonly walk: Walk },
) => unknown

/**
 * Changes a JSON value where a view decides something, and looks nowhere else. Never changes its input: what stays the
 * same is returned as it is. A top that is dropped becomes `null`.
 */
export function rewrite<Decision, Walk extends RewriteWalk>(
  value: unknown,
  view: ViewEdge<Decision>,
  change: Change<Decision, Walk>,
  walk: Walk,
): unknown {
  const result = new Rewriter(change, walk).at(value, view, undefined)
  return result === DROP ? null : result
}

class Rewriter<Decision, Walk extends RewriteWalk> {
  readonly #change: Change<Decision, Walk>
  readonly #walk: Walk

  constructor(change: Change<Decision, Walk>, walk: Walk) {
    this.#change = change
    this.#walk = walk
  }

  at(value: unknown, edge: ViewEdge<Decision>, parent: object | undefined): unknown {
    if (edge.decision !== undefined) {
      const changed = this.#change(value, edge.decision, { parent, walk: this.#walk })
      if (changed !== value) return changed
    }
    if (edge.inner === undefined || typeof value !== 'object' || value === null) return value
    if (this.#walk.path.length > MAX_DEPTH) return DROP
    return Array.isArray(value)
      ? this.#items(value, edge.inner)
      : this.#members(value as Readonly<Record<string, unknown>>, edge.inner)
  }

  #items(items: readonly unknown[], node: ViewNode<Decision>): unknown {
    if (node.items === undefined && node.prefix.length === 0) return items
    const { path } = this.#walk
    let copy: unknown[] | undefined
    for (let index = 0; index < items.length; index += 1) {
      const edge = node.prefix[index] ?? node.items
      if (edge === undefined) break
      path.push(index)
      const kept = this.at(items[index], edge, undefined)
      path.pop()
      if (kept === items[index]) continue
      copy ??= [...items]
      copy[index] = kept === DROP ? null : kept
    }
    return copy ?? items
  }

  #members(source: Readonly<Record<string, unknown>>, node: ViewNode<Decision>): unknown {
    const { path } = this.#walk
    let copy: Record<string, unknown> | undefined
    for (const name in source) {
      if (!Object.hasOwn(source, name)) continue
      const member = source[name]
      let kept = member
      const edge = memberOf(node, name)
      if (edge !== undefined || node.rest !== undefined || node.patterns.length > 0) {
        path.push(name)
        kept =
          edge === undefined
            ? this.#unlisted(member, name, { node, source })
            : this.at(member, edge, source)
        path.pop()
      }
      if (copy === undefined && kept !== member) copy = membersBefore(source, name)
      if (copy !== undefined && kept !== DROP) setMember(copy, name, kept)
    }
    return copy ?? source
  }

  /** What every matching pattern says, else what is said of all other names. */
  #unlisted(
    member: unknown,
    name: string,
    { node, source }: { readonly node: ViewNode<Decision>; readonly source: object },
  ): unknown {
    let kept = member
    let isMatched = false
    for (const [pattern, edge] of node.patterns) {
      if (!pattern.test(name)) continue
      isMatched = true
      kept = this.at(kept, edge, source)
      if (kept === DROP) return DROP
    }
    return isMatched || node.rest === undefined ? kept : this.at(kept, node.rest, source)
  }
}

function memberOf<Decision>(
  { members, folded }: ViewNode<Decision>,
  name: string,
): ViewEdge<Decision> | undefined {
  const edge = members.get(name)
  return edge !== undefined || folded === undefined ? edge : folded.get(foldName(name))
}
