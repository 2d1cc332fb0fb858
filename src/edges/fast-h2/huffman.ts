/** Code lengths by symbol, 256 being the end of the text (RFC 7541 appendix B). The code is canonical: they say it all. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const END = 256
/** Of an entry of the table: a symbol ends here, or no text goes on like this. */
const EMITS = 0x1_0000
const FAILS = 0x2_0000

/** For each inner node of the tree and each four bits: the next node, the symbol in bits 8 to 15, and marks. */
interface Machine {
  readonly steps: Int32Array
  /** Nodes at which a text may end: after at most seven bits that could begin the end symbol. */
  readonly mayEnd: Uint8Array
}

/** A node of the code's tree: a symbol as `-1 - symbol`, or the number of an inner node; 0 is the root. */
type Tree = [zero: number, one: number][]

function codeTree(): Tree {
  const tree: Tree = [[0, 0]]
  const order = LENGTHS.map((bits, symbol) => ({ bits, symbol }))
  order.sort((a, b) => a.bits - b.bits || a.symbol - b.symbol)
  let code = 0
  let length = 0
  for (const { bits, symbol } of order) {
    code *= 2 ** (bits - length)
    length = bits
    addCode(tree, code, { bits, symbol })
    code += 1
  }
  return tree
}

function addCode(
  tree: Tree,
  code: number,
  { bits, symbol }: { bits: number; symbol: number },
): void {
  let node = 0
  for (let bit = bits - 1; bit > 0; bit -= 1) {
    const pair = tree[node] ?? [0, 0]
    const side = (code >> bit) & 1
    if (pair[side] === 0) pair[side] = tree.push([0, 0]) - 1
    node = pair[side] ?? 0
  }
  const last = tree[node]
  if (last !== undefined) last[code & 1] = -1 - symbol
}

function buildMachine(): Machine {
  const tree = codeTree()
  const steps = new Int32Array(tree.length * 16)
  for (let node = 0; node < tree.length; node += 1)
    for (let nibble = 0; nibble < 16; nibble += 1)
      steps[node * 16 + nibble] = stepOf(tree, node, nibble)
  const mayEnd = new Uint8Array(tree.length)
  let node = 0
  for (let ones = 0; ones < 8; ones += 1) {
    mayEnd[node] = 1
    node = tree[node]?.[1] ?? 0
  }
  return { steps, mayEnd }
}

/** The shortest code has five bits: four bits end one symbol at most. */
function stepOf(tree: Tree, from: number, nibble: number): number {
  let node = from
  let marks = 0
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = tree[node]?.[(nibble >> bit) & 1] ?? 0
    if (next === -1 - END) return FAILS
    if (next < 0) marks = EMITS | ((-1 - next) << 8)
    node = Math.max(next, 0)
  }
  return marks | node
}

const { steps, mayEnd } = buildMachine()

/** Most bytes that a text of so many bytes can become. */
export function longestDecoded(bytes: number): number {
  return Math.ceil((bytes * 8) / 5)
}

/**
 * Decodes a text of HPACK (RFC 7541 section 5.2) from `from` to `to` into `out`, which has room for `longestDecoded`.
 * @returns its length, or -1 for one that holds the end symbol, or ends in anything but fewer than eight ones.
 */
export function decodeHuffman(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
  out: Uint8Array,
): number {
  let node = 0
  let length = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    const high = steps[node * 16 + (byte >> 4)] ?? FAILS
    if (high >= EMITS) {
      if (high >= FAILS) return -1
      out[length++] = high >> 8
    }
    const low = steps[(high & 255) * 16 + (byte & 15)] ?? FAILS
    if (low >= EMITS) {
      if (low >= FAILS) return -1
      out[length++] = low >> 8
    }
    node = low & 255
  }
  return mayEnd[node] === 1 ? length : -1
}
