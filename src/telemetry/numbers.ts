/**
 * What some numbers count: the kind, then what tells them apart, such as `['duration', 'GET /orders']`. The same key
 * means the same numbers in every thread.
 */
export type NumberKey = readonly string[]

/** Some numbers that belong together. One thread writes them; others may read them at any time. */
export interface NumberBlock {
  readonly key: NumberKey
  readonly values: Float64Array
}

/** Makes room for numbers, zeros at first. Called once for a key. */
export type AllocateNumbers = (key: NumberKey, length: number) => Float64Array

/** Numbers that no other thread needs. */
export const ownNumbers: AllocateNumbers = (_key, length) => new Float64Array(length)

/** Memory is taken in pieces of this size, so that few messages carry it. */
const CHUNK_NUMBERS = 8192

/** Numbers of one thread in memory that others may read: the block is announced before anything is counted in it. */
export class SharedNumbers {
  readonly blocks: NumberBlock[] = []
  readonly #announce: (block: NumberBlock) => void
  #chunk = new SharedArrayBuffer(0)
  #used = 0

  constructor(announce: (block: NumberBlock) => void = () => undefined) {
    this.#announce = announce
  }

  readonly allocate: AllocateNumbers = (key, length) => {
    const bytes = length * Float64Array.BYTES_PER_ELEMENT
    if (this.#used + bytes > this.#chunk.byteLength) {
      this.#chunk = new SharedArrayBuffer(
        Math.max(CHUNK_NUMBERS, length) * Float64Array.BYTES_PER_ELEMENT,
      )
      this.#used = 0
    }
    const values = new Float64Array(this.#chunk, this.#used, length)
    this.#used += bytes
    const block = { key, values }
    this.blocks.push(block)
    this.#announce(block)
    return values
  }
}

/** Gauges say what is now: they end with the thread that set them. */
const MOMENTARY: ReadonlySet<string> = new Set(['gauge', 'delay', 'heap'])

/** What ended threads have counted, added up, so that no count ever goes back. */
export class EndedNumbers {
  readonly #sums = new Map<string, NumberBlock>()

  /** A thread has ended. */
  add(blocks: readonly NumberBlock[]): void {
    const codes = blocks.find(({ key }) => key[0] === 'codes')
    for (const block of blocks) {
      if (MOMENTARY.has(block.key[0] ?? '') || block === codes) continue
      // Slots stand for other statuses in every thread; from here on the status itself tells them apart.
      if (block.key[0] === 'status') this.#addStatuses(block, codes)
      else this.#addOne(block.key, block.values)
    }
  }

  get blocks(): readonly NumberBlock[] {
    return [...this.#sums.values()]
  }

  #addStatuses({ key, values }: NumberBlock, codes: NumberBlock | undefined): void {
    for (const [slot, count] of values.entries()) {
      if (count === 0) continue
      const status = String(codes?.values[slot] ?? 0)
      this.#addOne(['statusCount', ...key.slice(1), status], [count])
    }
  }

  #addOne(key: NumberKey, values: ArrayLike<number>): void {
    const name = JSON.stringify(key)
    const sum = this.#sums.get(name)
    if (sum === undefined) this.#sums.set(name, { key, values: Float64Array.from(values) })
    else
      for (let i = 0; i < values.length; i++)
        sum.values[i] = (sum.values[i] ?? 0) + (values[i] ?? 0)
  }
}
