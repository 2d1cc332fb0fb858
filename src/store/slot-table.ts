/** What runs at this moment, by key; as many entries as something runs. */
export class SlotTable {
  readonly #running = new Map<string, number>()

  /** Whether one more may begin; then it counts until `leave`. */
  enter(key: string, max: number): boolean {
    const running = this.#running.get(key) ?? 0
    if (running >= max) return false
    this.#running.set(key, running + 1)
    return true
  }

  leave(key: string): void {
    const running = this.#running.get(key) ?? 0
    if (running > 1) this.#running.set(key, running - 1)
    else this.#running.delete(key)
  }
}
