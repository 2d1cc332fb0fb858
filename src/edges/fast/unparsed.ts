/** What came on a connection and was not parsed yet. */
export class Unparsed {
  /** `undefined`: nothing is left. */
  chunk: Buffer | undefined = undefined
  /** Where the rest of the chunk begins. */
  at = 0
  #isLent = false

  /** Puts bytes behind what is left. `isLent`: their memory is another's once `keep` was called. */
  add(bytes: Buffer, isLent: boolean): void {
    const { rest } = this
    this.#isLent = isLent && rest === undefined
    this.chunk = rest === undefined ? bytes : Buffer.concat([rest, bytes])
    this.at = 0
  }

  get rest(): Buffer | undefined {
    return this.chunk?.subarray(this.at)
  }

  /** Everything before `at` was parsed. */
  taken(at: number): void {
    this.at = at
    if (this.chunk !== undefined && at >= this.chunk.length) this.chunk = undefined
  }

  /** A part of the chunk, as it may be kept. */
  owned(part: Buffer): Buffer {
    return this.#isLent ? Buffer.from(part) : part
  }

  /** From here on nothing of it lies in memory that was lent. */
  keep(): void {
    if (!this.#isLent) return
    const { rest } = this
    this.chunk = rest === undefined ? undefined : Buffer.from(rest)
    this.at = 0
    this.#isLent = false
  }

  clear(): void {
    this.chunk = undefined
  }
}
