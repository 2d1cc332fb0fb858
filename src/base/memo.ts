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
  const known = new Map<string, Remembered<T>>()
  // Texts that were just cut out of a message have no hash yet; comparing with one candidate costs a third of that.
  const recent = Array.from<Remembered<T> | undefined>({ length: SLOTS })
  const remember = (text: string): Remembered<T> => {
    const own = detached(text)
    const entry = { text: own, made: make(own) }
    if (known.size >= bounds.maxEntries) {
      known.clear()
      recent.fill(undefined)
    }
    known.set(own, entry)
    return entry
  }
  // Guards ask one after the other about the very same string: then there is nothing to compare. It may be a part of a
  // message, which is kept until another text comes.
  let latestText: string | undefined
  let latest: T | undefined
  return (text) => {
    if (text === latestText) return latest as T
    const slot = slotOf(text)
    let entry = recent[slot]
    if (entry === undefined || entry.text !== text) {
      if (text.length > bounds.maxChars) return make(text)
      entry = known.get(text) ?? remember(text)
      recent[slot] = entry
    }
    latestText = text
    latest = entry.made
    return entry.made
  }
}

interface Remembered<T> {
  readonly text: string
  readonly made: T
}

/** A text that was cut out of a message keeps the whole message in memory; what is remembered must not. */
function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}

function slotOf(text: string): number {
  const { length } = text
  if (length === 0) return 0
  const middle = text.charCodeAt(length >> 1) * 29
  return (length * 31 + text.charCodeAt(0) * 7 + middle + text.charCodeAt(length - 1)) % SLOTS
}
