/** One buffer out of pieces of another; `cuts` holds from, to, from, to, … */
export function joinedCuts(chunk: Buffer, cuts: readonly number[]): Buffer {
  let bytes = 0
  for (let i = 0; i < cuts.length; i += 2) bytes += (cuts[i + 1] ?? 0) - (cuts[i] ?? 0)
  const joined = Buffer.allocUnsafe(bytes)
  let at = 0
  for (let i = 0; i < cuts.length; i += 2) at += chunk.copy(joined, at, cuts[i], cuts[i + 1])
  return joined
}
