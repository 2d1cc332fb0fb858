/** How much a memo may hold. */
export interface MemoBounds {
  readonly maxEntries: number
  /** Longer texts are not kept: what is made of them is made anew. */
  readonly maxChars: number
}

/**
 * Remembers what a pure function makes of a text. Texts may come from strangers: when `maxEntries` are held and one
 * more comes, all are forgotten. What `make` gives is shared by all callers, so it must not be changed by any.
 */
export function memo<T>(make: (text: string) => T, bounds: MemoBounds): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined || known.has(text)) return before as T
    const made = make(text)
    if (text.length > bounds.maxChars) return made
    if (known.size >= bounds.maxEntries) known.clear()
    known.set(text, made)
    return made
  }
}
