import type { FieldEdge, FieldNode } from '../../openapi/fields/graph.ts'
import { nodesFrom } from '../../openapi/fields/view.ts'
import type { FieldMark } from '../field-marks.ts'
import { foldWord } from './words.ts'

type Edge = FieldEdge<FieldMark>
type Node = FieldNode<FieldMark>

/** What a path leads to. */
export interface FoundField {
  /** Every place on the way and at the end, whichever schema they are of. */
  readonly edges: readonly Edge[]
  /** Whether the document declares it. */
  readonly isKnown: boolean
}

/** Wrappers of a list are looked into this deep. */
const MAX_DEPTH = 3

/** The fields of an answer by their names, as parameters name them: from its rows, else from anywhere. */
export class FieldIndex {
  /** Whether the rows may have fields that the document does not declare. */
  readonly isOpen: boolean
  /** The items of the outermost lists; and, as one object may be asked for too, the top. */
  readonly #rows: readonly Node[]
  readonly #starts: readonly Node[]
  readonly #byNode = new Map<Node, Map<string, Edge[]>>()
  readonly #anywhere = new Map<string, Edge[]>()

  constructor(root: Edge) {
    const rows = new Set<Node>()
    collectRows(root.node, 0, rows)
    this.#rows = rows.size > 0 ? [...rows] : [root.node]
    this.#starts = [...new Set([...this.#rows, root.node])]
    this.isOpen = this.#rows.every(({ members }) => members.size === 0)
    for (const node of nodesFrom(root.node)) {
      const own = new Map<string, Edge[]>()
      for (const [name, edge] of node.members) {
        add(own, foldWord(name), edge)
        add(this.#anywhere, foldWord(name), edge)
      }
      this.#byNode.set(node, own)
    }
  }

  /** Follows steps such as `address`, `city`. */
  find(steps: readonly string[]): FoundField {
    const edges: Edge[] = []
    let level: readonly Node[] = this.#starts
    for (const [index, step] of steps.entries()) {
      const name = foldWord(step)
      const here = level.flatMap((node) => this.#byNode.get(node)?.get(name) ?? [])
      const found = here.length === 0 && index === 0 ? (this.#anywhere.get(name) ?? []) : here
      if (found.length === 0) return { edges, isKnown: false }
      edges.push(...found)
      level = found.flatMap(({ node }) => [node, ...itemsOf(node)])
    }
    return { edges, isKnown: edges.length > 0 }
  }

  /** Whether a name is one of a row's own. */
  isOfRow(step: string): boolean {
    const name = foldWord(step)
    return this.#rows.some((node) => this.#byNode.get(node)?.has(name) === true)
  }
}

function add(map: Map<string, Edge[]>, name: string, edge: Edge): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, [edge])
  else known.push(edge)
}

function itemsOf({ items, prefix }: Node): readonly Node[] {
  return [...(items === undefined ? [] : [items]), ...prefix].map(({ node }) => node)
}

/** The objects in the outermost lists. */
function collectRows(node: Node, depth: number, rows: Set<Node>): void {
  for (const item of itemsOf(node)) if (item.members.size > 0) rows.add(item)
  if (depth >= MAX_DEPTH) return
  for (const { node: inner } of node.members.values()) collectRows(inner, depth + 1, rows)
}
