/** How much a memo may hold. */
export interface MemoBounds {
  readonly maxEntries: number
  /** Longer texts are not kept: what is made of them is made anew. */
  readonly maxChars: number
}

/** Texts that are found by comparing, before the map has to hash them; a power of two. */
const SLOTS = 256

/**
 * Remembers what a pure function makes of a text. Texts may come from strangers: when `maxEntries` are held and one
 * more comes, all are forgotten. What `make` gives is shared by all callers, so it must not be changed by any.
 */
export function memo<T>(make: (text: string) => T, bounds: MemoBounds): (text: string) => T {
  const known = new Map<string, T>()
  // Texts that were just cut out of a message have no hash yet; comparing with one candidate costs a third of that.
  const recent = Array.from<string | undefined>({ length: SLOTS })
  const recentMade = Array.from<T>({ length: SLOTS })
  const remember = (text: string, made: T): T => {
    if (text.length > bounds.maxChars) return made
    if (known.size >= bounds.maxEntries && !known.has(text)) {
      known.clear()
      recent.fill(undefined)
    }
    known.set(text, made)
    const slot = slotOf(text)
    recent[slot] = text
    recentMade[slot] = made
    return made
  }
  return (text) => {
    const slot = slotOf(text)
    if (recent[slot] === text) return recentMade[slot] as T
    const before = known.get(text)
    return before === undefined && !known.has(text)
      ? remember(text, make(text))
      : remember(text, before as T)
  }
}

function slotOf(text: string): number {
  const { length } = text
  if (length === 0) return 0
  const middle = text.charCodeAt(length >> 1) * 29
  return (length * 31 + text.charCodeAt(0) * 7 + middle + text.charCodeAt(length - 1)) % SLOTS
}
