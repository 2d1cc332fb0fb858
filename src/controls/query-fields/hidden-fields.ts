import type { FieldEdge, FieldNode } from '../../openapi/fields/graph.ts'
import { edgesOf, nodesFrom } from '../../openapi/fields/view.ts'
import { actionFor, OWNER } from '../../pipeline/field-access.ts'
import type { FieldMark } from '../field-marks.ts'
import { RoleViews } from '../role-views.ts'
import type { AccessMark, ReadAccess } from '../shown-views.ts'

type Edge = FieldEdge<FieldMark>

/** The places of which a caller is not shown the values. */
export interface Hidden {
  readonly itself: ReadonlySet<Edge>
  /** Those that hold such a place somewhere inside. */
  readonly inside: ReadonlySet<Edge>
}

export const NOTHING_HIDDEN: Hidden = { itself: new Set(), inside: new Set() }

/** What says who is shown what. */
export interface HidingRules {
  readonly accesses: readonly ReadAccess[]
  /** Everything that is listed is the caller's, so that what owners are shown counts. */
  readonly isOwn: boolean
}

/** What callers are not shown below a place, by their roles; `undefined` where everybody is shown all. */
export function hiddenFields(
  root: Edge,
  { accesses, isOwn }: HidingRules,
): RoleViews<Hidden> | undefined {
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  const said = new Map<Edge, readonly AccessMark[]>()
  const never = new Set<Edge>()
  for (const edge of edges) {
    const marks = edge.marks.flatMap((mark) => accesses.flatMap((access) => access(mark) ?? []))
    if (marks.length > 0) said.set(edge, marks)
    if (edge.marks.some(({ kind }) => kind === 'writeOnly')) never.add(edge)
  }
  if (said.size + never.size === 0) return undefined
  const names = [...said.values()].flatMap((marks) =>
    marks.flatMap(({ access }) => [...access.roles.keys()]),
  )
  return new RoleViews(names, (roles) => {
    const own = isOwn ? [OWNER, ...roles] : roles
    const itself = new Set(never)
    for (const [edge, marks] of said)
      if (marks.some(({ access }) => actionFor(access, own).kind !== 'pass')) itself.add(edge)
    return { itself, inside: holding(edges, itself) }
  })
}

/** The places from which a hidden one can be reached. */
function holding(edges: readonly Edge[], hidden: ReadonlySet<Edge>): ReadonlySet<Edge> {
  const parents = new Map<FieldNode<FieldMark>, Edge[]>()
  for (const edge of edges) {
    const known = parents.get(edge.node)
    if (known === undefined) parents.set(edge.node, [edge])
    else known.push(edge)
  }
  const nodes = new Set<FieldNode<FieldMark>>()
  const found = new Set<Edge>()
  for (const node of parents.keys())
    if (edgesOf(node).some((edge) => hidden.has(edge))) nodes.add(node)
  // A set that grows while it is walked: each place once, so circles end.
  const holders = new Map<Edge, FieldNode<FieldMark>[]>()
  for (const node of parents.keys())
    for (const edge of edgesOf(node)) holders.set(edge, [...(holders.get(edge) ?? []), node])
  for (const node of nodes)
    for (const edge of parents.get(node) ?? []) {
      found.add(edge)
      for (const holder of holders.get(edge) ?? []) nodes.add(holder)
    }
  return found
}
