/** What stands in the place of what. */
export interface Replacement {
  readonly token: string
  readonly sealed: string
  /** Where the API hands it out in its answer's body. */
  readonly path?: readonly string[]
}

/** The value with the sealed token wherever a text holds the token; the same value where none does. */
export function withSealed(value: unknown, swap: Replacement): unknown {
  if (typeof value === 'string') return swapped(value, swap)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withSealed(item, swap))
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    withSealed(item, swap),
  ])
  // Own members only: `__proto__` in an answer stays a member and never becomes a prototype.
  return Object.fromEntries(entries)
}

/** The text with the sealed token in the place of the token. */
export function swapped(text: string, { token, sealed }: Replacement): string {
  return text.includes(token) ? text.replaceAll(token, () => sealed) : text
}
