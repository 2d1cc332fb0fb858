import type { Pattern } from '../schema/pattern.ts'
import type { FieldEdge, FieldNode } from './graph.ts'

/** What is decided about a value at a place, and the places inside it where anything is. */
export interface ViewEdge<Decision> {
  readonly decision: Decision | undefined
  /** `undefined`: nothing is decided about anything inside. */
  readonly inner: ViewNode<Decision> | undefined
}

/** A place with only those ways that lead to a decision. */
export interface ViewNode<Decision> {
  readonly members: ReadonlyMap<string, ViewEdge<Decision>>
  /** The same by `foldName`, where names count in any case; else `undefined`. */
  readonly folded: ReadonlyMap<string, ViewEdge<Decision>> | undefined
  readonly patterns: readonly (readonly [Pattern, ViewEdge<Decision>])[]
  readonly rest: ViewEdge<Decision> | undefined
  readonly prefix: readonly ViewEdge<Decision>[]
  readonly items: ViewEdge<Decision> | undefined
}

type Decide<Mark, Decision> = (marks: readonly Mark[]) => Decision | undefined

/** A name as servers that bind fields in any case read it. */
export function foldName(name: string): string {
  // By way of capitals, which join what small letters keep apart (a long s, the sign for kelvin).
  return name.toUpperCase().toLowerCase()
}

/** What the marks of a graph come to for somebody; `undefined` where nothing at all is decided below `root`. */
export function compileView<Mark, Decision>(
  root: FieldEdge<Mark>,
  decide: Decide<Mark, Decision>,
  options: { readonly foldsCase?: boolean } = {},
): ViewEdge<Decision> | undefined {
  const decisions = decideAll(root, decide)
  const active = activeNodes(root.node, decisions)
  const nodes = new Map<FieldNode<Mark>, Mutable<ViewNode<Decision>>>()
  for (const node of active) nodes.set(node, { ...NOTHING_INSIDE })
  const edgeOf = (edge: FieldEdge<Mark>): ViewEdge<Decision> => ({
    decision: decisions.get(edge),
    inner: nodes.get(edge.node),
  })
  for (const [node, view] of nodes) {
    Object.assign(view, viewOf(node, edgeOf))
    if (options.foldsCase === true) view.folded = foldedOf(view.members)
  }
  const edge = edgeOf(root)
  return isIdle(edge) ? undefined : edge
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const NOTHING_INSIDE: ViewNode<never> = {
  members: new Map(),
  folded: undefined,
  patterns: [],
  rest: undefined,
  prefix: [],
  items: undefined,
}

/** Every edge below a place, in no order that matters. */
export function edgesOf<Mark>(node: FieldNode<Mark>): readonly FieldEdge<Mark>[] {
  return [
    ...node.members.values(),
    ...node.patterns.map(([, edge]) => edge),
    ...node.prefix,
    ...(node.rest === undefined ? [] : [node.rest]),
    ...(node.items === undefined ? [] : [node.items]),
  ]
}

/** Every place at and below one. */
export function nodesFrom<Mark>(root: FieldNode<Mark>): ReadonlySet<FieldNode<Mark>> {
  const found = new Set([root])
  // A set that grows while it is walked: each place once, so circles end.
  for (const node of found) for (const { node: inner } of edgesOf(node)) found.add(inner)
  return found
}

function decideAll<Mark, Decision>(
  root: FieldEdge<Mark>,
  decide: Decide<Mark, Decision>,
): ReadonlyMap<FieldEdge<Mark>, Decision> {
  const found = new Map<FieldEdge<Mark>, Decision>()
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  for (const edge of edges) {
    const decision = edge.marks.length === 0 ? undefined : decide(edge.marks)
    if (decision !== undefined) found.set(edge, decision)
  }
  return found
}

/** The places from which a decision can be reached. */
function activeNodes<Mark>(
  root: FieldNode<Mark>,
  decisions: ReadonlyMap<FieldEdge<Mark>, unknown>,
): ReadonlySet<FieldNode<Mark>> {
  const parents = new Map<FieldNode<Mark>, FieldNode<Mark>[]>()
  const active = new Set<FieldNode<Mark>>()
  for (const node of nodesFrom(root)) {
    for (const edge of edgesOf(node)) {
      const known = parents.get(edge.node)
      if (known === undefined) parents.set(edge.node, [node])
      else known.push(node)
      if (decisions.has(edge)) active.add(node)
    }
  }
  for (const node of active) for (const parent of parents.get(node) ?? []) active.add(parent)
  return active
}

function viewOf<Mark, Decision>(
  node: FieldNode<Mark>,
  edgeOf: (edge: FieldEdge<Mark>) => ViewEdge<Decision>,
): Omit<ViewNode<Decision>, 'folded'> {
  const patterns = node.patterns.map(([pattern, edge]) => [pattern, edgeOf(edge)] as const)
  const rest = node.rest === undefined ? undefined : edgeOf(node.rest)
  // Names about which nothing is decided are kept where they stand between others and a wider word.
  const keepsIdle = patterns.length > 0 || rest !== undefined
  const members = [...node.members]
    .map(([name, edge]) => [name, edgeOf(edge)] as const)
    .filter(([, edge]) => keepsIdle || !isIdle(edge))
  return {
    members: new Map(members),
    patterns,
    rest,
    prefix: node.prefix.map(edgeOf),
    items: node.items === undefined ? undefined : edgeOf(node.items),
  }
}

/** Of names that differ only in case, one about which something is decided. */
function foldedOf<Decision>(
  members: ReadonlyMap<string, ViewEdge<Decision>>,
): ReadonlyMap<string, ViewEdge<Decision>> {
  const folded = new Map<string, ViewEdge<Decision>>()
  for (const [name, edge] of members) {
    const key = foldName(name)
    const before = folded.get(key)
    if (before === undefined || isIdle(before)) folded.set(key, edge)
  }
  return folded
}

function isIdle(edge: ViewEdge<unknown>): boolean {
  return edge.decision === undefined && edge.inner === undefined
}
