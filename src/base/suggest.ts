const MAX_LENGTH = 64
const MAX_DISTANCE = 2
const SHORT_WORD = 3

/**
 * The candidate somebody probably meant: the nearest within two typing mistakes (one for words of up to three
 * letters; swapped neighbors count as one), else the shortest that begins with the word. Case is ignored.
 * @returns `undefined` when nothing is near.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word === '' || word.length > MAX_LENGTH) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  let bestDistance = (word.length <= SHORT_WORD ? 1 : MAX_DISTANCE) + 1
  let longer: string | undefined
  for (const candidate of candidates) {
    const other = candidate.toLowerCase()
    if (other.startsWith(lower) && (longer === undefined || candidate.length < longer.length)) {
      longer = candidate
    }
    const distance = editDistance(lower, other)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best ?? longer
}

/** `(did you mean "x"?)` material: the phrase, or `undefined` when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = suggest(word, candidates)
  return near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`
}

/**
 * Insertions, deletions, replacements and swaps of neighbors that turn one text into the other (optimal string
 * alignment); more than the two that matter is answered as 3 where lengths alone say so.
 */
export function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > MAX_DISTANCE) return MAX_DISTANCE + 1
  let before: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1
      const replaced = (previous[j - 1] ?? 0) + cost
      const edited = Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      const isSwap = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1] && i > 1 && j > 1
      row.push(isSwap ? Math.min(edited, (before[j - 2] ?? 0) + 1) : edited)
    }
    before = previous
    previous = row
  }
  return previous[right.length] ?? 0
}
