/** A source of choices that gives the same ones for the same seed. */
export interface Random {
  /** Below `bound`, at least 0. */
  below(bound: number): number
  /** True about once in `n` times. */
  oneIn(n: number): boolean
  pick<T>(list: readonly T[]): T
}

/** Choices for one case of a run: seeds beside one another share no case. */
export function randomOfCase(seed: number, index: number): Random {
  return randomOf(Math.imul(seed, 0x9e3779b1) + index)
}

/** Mulberry32: small, fast and good enough to spread test cases. */
function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (list) => {
      if (list.length === 0) throw new Error('nothing to pick from')
      return list[below(list.length)]!
    },
  }
}

const BYTES: readonly string[] =
  '\u0000\t\r\n \u000b\u007f\u0080\u00a0\u00ff"#%&\'(),/:;<=>?@[\\]_`{|}~0aZ'.split('')

/** One change to a text of bytes (latin1): flipped, put in, cut out, doubled, cut off, or a line moved. */
export function mutated(text: string, random: Random, dictionary: readonly string[]): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + 1 + random.below(12))
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + random.pick(BYTES) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + random.pick(BYTES) + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(end)
    case 3:
      return text.slice(0, end) + text.slice(at)
    case 4:
      return random.oneIn(4) ? text.slice(0, at) : text
    case 5:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
    case 6:
      return text.slice(0, at) + random.pick(dictionary) + text.slice(at)
    case 7:
      return withLine(text, random.pick(dictionary), random)
    default:
      return withLinesSwapped(text, random)
  }
}

function withLine(text: string, line: string, random: Random): string {
  const lines = text.split('\r\n')
  lines.splice(1 + random.below(Math.max(1, lines.length - 1)), 0, line)
  return lines.join('\r\n')
}

function withLinesSwapped(text: string, random: Random): string {
  const lines = text.split('\r\n')
  const [a, b] = [random.below(lines.length), random.below(lines.length)]
  const first = lines[a]!
  lines[a] = lines[b]!
  lines[b] = first
  return lines.join('\r\n')
}
