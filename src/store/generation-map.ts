/**
 * A map with a bound: two generations, of which the older is dropped whole when the younger is full.
 * Holds at most `maxEntries`; an entry read or written since the last turn survives the next one.
 * Not a cache policy for fairness: whoever writes `maxEntries / 2` new keys pushes unread ones out.
 */
export class GenerationMap<V, K = string> {
  readonly #half: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor(maxEntries: number) {
    this.#half = Math.max(1, Math.floor(maxEntries / 2))
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    if (this.#old.size === 0) return undefined
    const older = this.#old.get(key)
    if (older !== undefined) this.#promote(key, older)
    return older
  }

  set(key: K, value: V): void {
    this.#old.delete(key)
    this.#young.set(key, value)
    if (this.#young.size < this.#half) return
    this.#old = this.#young
    this.#young = new Map()
  }

  delete(key: K): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #promote(key: K, value: V): void {
    this.#old.delete(key)
    this.set(key, value)
  }
}
