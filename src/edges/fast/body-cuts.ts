/** A piece up to here is copied before a call would have begun; hostile bodies come in thousands of chunks. Bytes. */
const SHORT = 32

/** One buffer out of pieces of another; `cuts` holds from, to, from, to, … */
export function joinedCuts(chunk: Buffer, cuts: readonly number[]): Buffer {
  let bytes = 0
  for (let i = 0; i < cuts.length; i += 2) bytes += (cuts[i + 1] ?? 0) - (cuts[i] ?? 0)
  const joined = Buffer.allocUnsafe(bytes)
  let at = 0
  for (let i = 0; i < cuts.length; i += 2) {
    const [from, to] = [cuts[i] ?? 0, cuts[i + 1] ?? 0]
    if (to - from > SHORT) at += chunk.copy(joined, at, from, to)
    else for (let place = from; place < to; place++) joined[at++] = chunk[place] ?? 0
  }
  return joined
}
