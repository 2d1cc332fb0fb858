import { randomBytes } from 'node:crypto'

const SEED = randomBytes(12)
const START = SEED.readInt32LE(0)
const FACTOR = SEED.readInt32LE(4) | 1
const OTHER = SEED.readInt32LE(8) | 1
const SMALLEST = 16

/**
 * A set of texts and numbers that came from strangers. The engine's own hashes numbers, and texts of digits, without a
 * secret, so that whoever knows it can make thousands fall into one place; here nobody can.
 */
export class SeededSet {
  #slots: (string | number | undefined)[]
  #size = 0

  /** `expected`: how many values may come; more are taken too. */
  constructor(expected = 0) {
    this.#slots = emptySlots(2 ** Math.ceil(Math.log2(Math.max(SMALLEST, expected * 2))))
  }

  /** Adds a value; `false` when it was there. `0` and `-0` are one. */
  add(value: string | number): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    const slot = this.#find(value)
    if (this.#slots[slot] !== undefined) return false
    this.#slots[slot] = value
    this.#size++
    return true
  }

  /** Whether a value was added. */
  has(value: string | number): boolean {
    return this.#slots[this.#find(value)] !== undefined
  }

  /** Where a value stands, or may be put. */
  #find(value: string | number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hashOf(value) & mask
    while (slots[slot] !== undefined && slots[slot] !== value) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = emptySlots(old.length * 4)
    for (const value of old) if (value !== undefined) this.#slots[this.#find(value)] = value
  }
}

function emptySlots(length: number): undefined[] {
  // `Array.from` would take longer than everything else here.
  const slots: undefined[] = []
  slots.length = length
  return slots.fill(undefined)
}

const DOUBLE = new Float64Array(1)
const WORDS = new Int32Array(DOUBLE.buffer)

function hashOf(value: string | number): number {
  let hash = START
  if (typeof value === 'string') {
    const { length } = value
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), FACTOR)
    hash ^= length
  } else {
    DOUBLE[0] = value === 0 ? 0 : value
    hash = Math.imul(mixed(hash ^ (WORDS[0] ?? 0)), FACTOR) ^ (WORDS[1] ?? 0)
  }
  return mixed(Math.imul(hash, OTHER))
}

function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return once ^ (once >>> 15)
}
