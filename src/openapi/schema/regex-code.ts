import type { Node, Program } from './regex-program.ts'
import { MATCH } from './regex-program.ts'

/** Kinds of nodes as numbers. */
export const CODE: {
  readonly match: 0
  readonly char: 1
  readonly either: 2
  readonly look: 3
  readonly start: 4
  readonly end: 5
  readonly before: 6
  readonly boundary: 7
} = {
  match: 0,
  char: 1,
  either: 2,
  look: 3,
  start: 4,
  end: 5,
  before: 6,
  boundary: 7,
}

/** The nodes of a program as numbers: quicker to look at than objects of eight shapes. */
export interface Code {
  readonly kinds: Uint8Array
  /** A set, or another node. */
  readonly asks: Int32Array
  readonly negated: Uint8Array
  readonly nexts: Int32Array
  /** For each node those that ask for a character before it. */
  readonly charsBefore: Lists
  /** For each node the others that ask whether it holds at their own place. */
  readonly othersBefore: Lists
  /**
   * 1 for the nodes of the pattern itself, without bodies of looks, where it ends with the text alone: while none of
   * them holds, none earlier does. `undefined` where it may end anywhere.
   */
  readonly whole: Uint8Array | undefined
}

/** A list for each node, one behind the other: that of node `n` is `items[starts[n]]` to before `items[starts[n + 1]]`. */
export interface Lists {
  readonly starts: Int32Array
  readonly items: Int32Array
}

/** Writes the nodes of a program as numbers. */
export function toCode({ nodes, parts }: Program): Code {
  return {
    kinds: Uint8Array.from(nodes, ({ kind }) => CODE[kind]),
    asks: Int32Array.from(nodes, askOf),
    negated: Uint8Array.from(nodes, (node) => (isNegated(node) ? 1 : 0)),
    nexts: Int32Array.from(nodes, nextOf),
    charsBefore: listsOf(nodes, (node) => (node.kind === 'char' ? [node.next] : [])),
    othersBefore: listsOf(nodes, askedAtOwnPlace),
    whole: wholeOf(nodes, parts),
  }
}

function askedAtOwnPlace(node: Node): readonly number[] {
  if (node.kind === 'match' || node.kind === 'char') return []
  return node.kind === 'either' ? [node.a, node.b] : [node.next]
}

/** For each node those that name it. */
function listsOf(nodes: readonly Node[], namedBy: (node: Node) => readonly number[]): Lists {
  const lists: number[][] = nodes.map(() => [])
  for (const [at, node] of nodes.entries()) for (const to of namedBy(node)) lists[to]?.push(at)
  const starts = new Int32Array(nodes.length + 1)
  for (const [at, list] of lists.entries()) starts[at + 1] = (starts[at] ?? 0) + list.length
  return { starts, items: Int32Array.from(lists.flat()) }
}

function wholeOf(nodes: readonly Node[], parts: Program['parts']): Uint8Array | undefined {
  const looks = parts.slice(0, -1)
  const whole = Uint8Array.from(nodes, (_, at) =>
    at === MATCH || looks.some(([from, to]) => at >= from && at < to) ? 0 : 1,
  )
  const isOpen = nodes.some(
    (node, at) => whole[at] === 1 && node.kind !== 'end' && reachesMatch(node),
  )
  return isOpen ? undefined : whole
}

function reachesMatch(node: Node): boolean {
  return nextOf(node) === MATCH || (node.kind === 'either' && node.a === MATCH)
}

function askOf(node: Node): number {
  if (node.kind === 'char' || node.kind === 'before') return node.set
  if (node.kind === 'either') return node.a
  return node.kind === 'look' ? node.body : 0
}

function isNegated(node: Node): boolean {
  if (node.kind === 'boundary') return node.isInside
  return (node.kind === 'look' || node.kind === 'before') && node.isNegated
}

function nextOf(node: Node): number {
  if (node.kind === 'match') return 0
  return node.kind === 'either' ? node.b : node.next
}
