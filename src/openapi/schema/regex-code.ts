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
  /** The nodes that ask for a character: they depend on nothing at their own place. */
  readonly chars: Int32Array
  /** For each part of the program all its other nodes. */
  readonly others: readonly Int32Array[]
  /** For each part of the program its loops: they alone ask for what stands behind them. */
  readonly loops: readonly (readonly number[])[]
  /**
   * The nodes of the pattern itself, without bodies of looks, where it ends with the text alone: while none of them
   * holds, none earlier does. `undefined` where it may end anywhere.
   */
  readonly whole: readonly number[] | undefined
}

/** Writes the nodes of a program as numbers. */
export function toCode({ nodes, parts }: Program): Code {
  return {
    kinds: Uint8Array.from(nodes, ({ kind }) => CODE[kind]),
    asks: Int32Array.from(nodes, askOf),
    negated: Uint8Array.from(nodes, (node) => (isNegated(node) ? 1 : 0)),
    nexts: Int32Array.from(nodes, nextOf),
    chars: Int32Array.from(nodes.flatMap(({ kind }, at) => (kind === 'char' ? [at] : []))),
    others: parts.map(([from, to]) =>
      Int32Array.from(
        nodes.flatMap(({ kind }, at) => (at >= from && at < to && kind !== 'char' ? [at] : [])),
      ),
    ),
    loops: parts.map(([from, to]) =>
      nodes.flatMap((node, at) =>
        at >= from && at < to && node.kind === 'either' && node.a > at ? [at] : [],
      ),
    ),
    whole: wholeOf(nodes, parts),
  }
}

function wholeOf(nodes: readonly Node[], parts: Program['parts']): readonly number[] | undefined {
  const looks = parts.slice(0, -1)
  const whole = nodes.flatMap((_, at) =>
    at === MATCH || looks.some(([from, to]) => at >= from && at < to) ? [] : [at],
  )
  const isOpen = whole.some((at) => {
    const node = nodes[at]
    return node !== undefined && node.kind !== 'end' && reachesMatch(node)
  })
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
