/** A set of code points as sorted, separate, inclusive ranges. */
export type CharSet = readonly (readonly [from: number, to: number])[]

const MAX = 0x10ffff

export const NO_CHARS: CharSet = []
export const ALL_CHARS: CharSet = [[0, MAX]]
/** ECMA-262 `\d`, `\w`, `\s` and the line terminators that `.` leaves out. */
export const DIGITS: CharSet = [[0x30, 0x39]]
export const WORD: CharSet = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
export const SPACE: CharSet = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
export const LINE_ENDS: CharSet = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]

export function single(codePoint: number): CharSet {
  return [[codePoint, codePoint]]
}

/** All characters of several sets. */
export function union(...sets: readonly CharSet[]): CharSet {
  const sorted = sets.flat().toSorted((a, b) => a[0] - b[0])
  const out: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = out.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}

/** All other characters. */
export function complement(set: CharSet): CharSet {
  const out: [number, number][] = []
  let next = 0
  for (const [from, to] of set) {
    if (from > next) out.push([next, from - 1])
    next = to + 1
  }
  if (next <= MAX) out.push([next, MAX])
  return out
}

/** Whether some character is in both. */
export function overlaps(a: CharSet, b: CharSet): boolean {
  let i = 0
  let j = 0
  for (let x = a[i], y = b[j]; x !== undefined && y !== undefined; x = a[i], y = b[j]) {
    if (x[1] < y[0]) i++
    else if (y[1] < x[0]) j++
    else return true
  }
  return false
}
