import type { Regex } from './regex-syntax.ts'

/**
 * Leaves out repetition that cannot change whether a pattern occurs in a text: `.*x` occurs where `x` does, `x+` at
 * the end where `x` does. Not for patterns with look-around or back-references.
 */
export function trim(regex: Regex): Regex {
  return withoutTail(withoutHead(regex))
}

/** A repetition at the end succeeds at its minimum; what it eats beyond that is never undone. */
export function withoutTail(regex: Regex): Regex {
  if (regex.kind === 'repeat') {
    const { min, body } = regex
    return { ...regex, max: min, body: min === 1 ? withoutTail(body) : body }
  }
  if (regex.kind === 'group') return { ...regex, body: withoutTail(regex.body) }
  if (regex.kind === 'choice') return { kind: 'choice', branches: regex.branches.map(withoutTail) }
  if (regex.kind !== 'sequence') return regex
  const last = regex.parts.at(-1)
  if (last === undefined) return regex
  const end = withoutTail(last)
  // What matches the empty text leaves the end to what stands before it.
  if (isNothing(end)) return withoutTail({ kind: 'sequence', parts: regex.parts.slice(0, -1) })
  return { kind: 'sequence', parts: [...regex.parts.slice(0, -1), end] }
}

/** The search begins anywhere, so it may as well begin at the last round but the needed ones. */
function withoutHead(regex: Regex): Regex {
  if (regex.kind === 'repeat')
    return regex.body.kind === 'chars' ? { ...regex, max: regex.min } : regex
  if (regex.kind === 'group') return { ...regex, body: withoutHead(regex.body) }
  if (regex.kind === 'choice') return { kind: 'choice', branches: regex.branches.map(withoutHead) }
  if (regex.kind !== 'sequence') return regex
  const [first, ...rest] = regex.parts
  if (first === undefined) return regex
  const head = withoutHead(first)
  if (isNothing(head)) return withoutHead({ kind: 'sequence', parts: rest })
  return { kind: 'sequence', parts: [head, ...rest] }
}

function isNothing(regex: Regex): boolean {
  return regex.kind === 'repeat' && regex.max === 0
}
