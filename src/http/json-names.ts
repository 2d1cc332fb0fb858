/** Members that may be whatever they are; what comes behind is counted. */
const FREE_KEYS = 256
/** More shapes than this are told as many. */
const MANY_SHAPES = 256
/** More names than this are not counted. */
const MAX_COUNTED = 4096

/**
 * Counts the different names of a text, and its shapes: names with all that stood before them in their object. Both by
 * their hashes, which senders cannot foresee; nothing is counted while there are few members.
 */
export class JsonNames {
  readonly #maxNames: number
  readonly #names = new Set<number>()
  readonly #shapes = new Set<number>()
  /** For each open object: the hash of its names so far. */
  readonly #open: number[] = []
  #depth = 0
  #keys = 0

  constructor(maxNames: number) {
    this.#maxNames = maxNames
  }

  /** Starts an object. */
  open(): void {
    this.#open[this.#depth++] = 0
  }

  /** Ends the innermost object. */
  close(): void {
    this.#depth -= 1
  }

  /** Notes a name by its hash; whether there are too many now. */
  add(hash: number): boolean {
    const at = this.#depth - 1
    const shape = Math.imul((this.#open[at] ?? 0) ^ hash, 0x45d9f3b) ^ (hash >>> 15)
    this.#open[at] = shape
    if (++this.#keys <= FREE_KEYS) return false
    if (this.#shapes.size <= MANY_SHAPES) this.#shapes.add(shape)
    if (this.#names.size <= MAX_COUNTED) this.#names.add(hash)
    return this.#names.size > this.#maxNames
  }

  /** Whether there are so many shapes that the engine would make a hidden class for nearly every member. */
  get isManifold(): boolean {
    return this.#shapes.size > MANY_SHAPES
  }
}
