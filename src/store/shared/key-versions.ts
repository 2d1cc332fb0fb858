/** Keys that share a version: a change of one makes the others be looked up once more, nothing else. */
const SLOTS = 65_536
/** Counts changes that nobody can tie to a key. */
const ALL = SLOTS

/** Memory of the versions, to be handed to every thread: 256 KB, however many keys there are. */
export function newKeyVersions(): SharedArrayBuffer {
  return new SharedArrayBuffer((SLOTS + 1) * 4)
}

/**
 * Versions of keys, in memory that threads share. What was verified is kept with the stamp that its key had before the
 * store was read, and holds while the stamp stays the same: a revocation is seen by every thread the moment it is made.
 */
export class KeyVersions {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /** Where the key's version stands. Ids are random already, so plain mixing does. */
  slotOf(id: string): number {
    let hash = 0x811c_9dc5
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x0100_0193)
    return (hash ^ (hash >>> 15)) & (SLOTS - 1)
  }

  /** Differs from every earlier one once a key of the slot, or all keys, may have changed. */
  stampOf(slot: number): number {
    return (Atomics.load(this.#words, slot) + Atomics.load(this.#words, ALL)) | 0
  }

  /** A key was changed. */
  changed(id: string): void {
    Atomics.add(this.#words, this.slotOf(id), 1)
  }

  /** Any key may have changed. */
  allChanged(): void {
    Atomics.add(this.#words, ALL, 1)
  }
}

/**
 * With the store out of reach, what was verified stays good this long: with what the store's word may be old already,
 * less than the 60 s of CONTROLS 3.3.
 */
const HELD_MS = 55_000

/** Moves the versions after changes of this process, which name their key, and of others, which do not. */
export class KeyVersionsKeeper {
  readonly #versions: KeyVersions
  readonly #changeToken: () => number
  #token: number
  #answeredMs: number

  /** `changeToken`: of the records; its value counts the changes. Throws as it does. */
  constructor(versions: KeyVersions, changeToken: () => number, nowMs: number) {
    this.#versions = versions
    this.#changeToken = changeToken
    this.#token = changeToken()
    this.#answeredMs = nowMs
  }

  /** This process wrote the key. */
  wrote(id: string, nowMs: number): void {
    this.#versions.changed(id)
    this.#follow(nowMs, 1)
  }

  /** Looks for changes of others; call it every 250 ms or so. */
  poll(nowMs: number): void {
    this.#follow(nowMs, 0)
  }

  #follow(nowMs: number, ownChanges: number): void {
    try {
      const token = this.#changeToken()
      const isKnown = token === this.#token || token === this.#token + ownChanges
      this.#token = token
      this.#answeredMs = nowMs
      if (!isKnown) this.#versions.allChanged()
    } catch {
      // Held, then closed: a store that is away for longer may hide revocations.
      if (nowMs - this.#answeredMs > HELD_MS) this.#versions.allChanged()
    }
  }
}
