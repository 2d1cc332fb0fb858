/** More names than that are not told apart: everybody has to be asked about. 8 MB. */
const MAX_NAMES = 1 << 20
const MIN_SLOTS = 1024

/** A set of names of which little is kept: now and then it holds one that nobody added, and never misses one that was. */
export class Fingerprints {
  #slots = new Uint32Array(MIN_SLOTS)
  #size = 0

  /** Names held; some that look the same count once. */
  get size(): number {
    return this.#size
  }

  /** Names are digests: whoever does not know the pepper can choose none that meet. */
  has(name: string): boolean {
    if (this.#size === 0) return false
    return this.#size >= MAX_NAMES || this.#slots[this.#placeOf(markOf(name))] !== 0
  }

  add(name: string): void {
    if (this.#size >= MAX_NAMES) return
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    this.#put(markOf(name))
  }

  #put(mark: number): void {
    const place = this.#placeOf(mark)
    if (this.#slots[place] === 0) this.#size += 1
    this.#slots[place] = mark
  }

  /** Where the mark is, or would be. */
  #placeOf(mark: number): number {
    const slots = this.#slots
    const last = slots.length - 1
    let place = mark & last
    while (slots[place] !== 0 && slots[place] !== mark) place = (place + 1) & last
    return place
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    this.#size = 0
    for (const mark of old) if (mark !== 0) this.#put(mark)
  }
}

/** 32 bits of a name, never 0 (FNV-1a). */
function markOf(name: string): number {
  let mark = 0x811c9dc5
  for (let at = 0; at < name.length; at++) mark = Math.imul(mark ^ name.charCodeAt(at), 0x01000193)
  // Low bits choose the slot, and the last character has hardly reached the high ones.
  return (mark ^ (mark >>> 15)) >>> 0 || 1
}
