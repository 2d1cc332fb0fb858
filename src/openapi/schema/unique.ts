import { randomBytes } from 'node:crypto'
import { isEqual } from './equal.ts'

/** Unknown to senders, so that nobody can prepare items that all hash alike. */
const SEED = randomBytes(24)
const [TEXT, NUMBER, ARRAY, OBJECT, LITERAL] = [0, 4, 8, 12, 16].map((at) => SEED.readInt32LE(at))
const FACTOR = SEED.readInt32LE(20) | 1

/** So few items are compared one by one. */
const FEW_ITEMS = 8
/** Longer texts are hashed as words of their bytes. UTF-16 units. */
const SHORT_TEXT = 48

/**
 * Whether no two items are equal. Linear in the size of the array, whatever it holds: items are hashed with a secret,
 * objects whatever the order of their members, and compared only where hashes agree.
 */
export function areUnique(items: readonly unknown[]): boolean {
  const { length } = items
  return length <= FEW_ITEMS && !items.some(isStructure)
    ? areFewUnique(items)
    : new UniqueSearch(items).run(NEVER) === 'unique'
}

const NEVER = (): boolean => false

function isStructure(item: unknown): boolean {
  return typeof item === 'object' && item !== null
}

function areFewUnique(items: readonly unknown[]): boolean {
  for (let i = 1; i < items.length; i++)
    for (let j = 0; j < i; j++) if (items[i] === items[j]) return false
  return true
}

/** The search for equal items, which may pause between two of them. */
export class UniqueSearch {
  readonly #items: readonly unknown[]
  /** Places of items, from 1 on. */
  readonly #slots: Int32Array
  readonly #hashes: Int32Array
  #at = 0

  constructor(items: readonly unknown[]) {
    this.#items = items
    this.#slots = new Int32Array(2 ** (33 - Math.clz32(items.length)))
    this.#hashes = new Int32Array(items.length)
  }

  /** Goes on from where it was. `ends`: asked before each item whether to pause. */
  run(ends: () => boolean): 'unique' | 'equal' | 'paused' {
    const items = this.#items
    for (; this.#at < items.length; this.#at++) {
      if (ends()) return 'paused'
      if (this.#isAmongFormer(this.#at)) return 'equal'
    }
    return 'unique'
  }

  #isAmongFormer(at: number): boolean {
    const [items, slots, hashes] = [this.#items, this.#slots, this.#hashes]
    const mask = slots.length - 1
    const hash = hashOf(items[at])
    hashes[at] = hash
    let slot = hash & mask
    for (let other = slots[slot] ?? 0; other !== 0; other = slots[slot] ?? 0) {
      if (hashes[other - 1] === hash && isEqual(items[other - 1], items[at])) return true
      slot = (slot + 1) & mask
    }
    slots[slot] = at + 1
    return false
  }
}

/** The same for equal values, as `isEqual` says. */
function hashOf(value: unknown): number {
  if (typeof value === 'string') return hashText(value)
  if (typeof value === 'number') return hashNumber(value)
  if (typeof value !== 'object' || value === null)
    return mix((LITERAL ?? 0) ^ (value === null ? 1 : value === true ? 2 : 3))
  if (Array.isArray(value)) return hashArray(value)
  return hashObject(value as Readonly<Record<string, unknown>>)
}

function hashArray(items: readonly unknown[]): number {
  let hash = (ARRAY ?? 0) ^ items.length
  for (let i = 0; i < items.length; i++) hash = Math.imul(hash ^ hashOf(items[i]), FACTOR)
  return mix(hash)
}

function hashObject(members: Readonly<Record<string, unknown>>): number {
  let sum = OBJECT ?? 0
  const names = Object.keys(members)
  // A sum does not ask for the order.
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ''
    sum = (sum + mix(Math.imul(hashText(name), FACTOR) ^ hashOf(members[name]))) | 0
  }
  return mix(sum)
}

const DOUBLE = new Float64Array(1)
const WORDS = new Int32Array(DOUBLE.buffer)

function hashNumber(value: number): number {
  // `0` and `-0` are one.
  DOUBLE[0] = value === 0 ? 0 : value
  return mix(Math.imul(mix((NUMBER ?? 0) ^ (WORDS[0] ?? 0)), FACTOR) ^ (WORDS[1] ?? 0))
}

function hashText(text: string): number {
  const { length } = text
  if (length > SHORT_TEXT) return hashLong(text)
  let hash = (TEXT ?? 0) ^ length
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FACTOR)
  return mix(hash)
}

/** UTF-16 units that are written out at once, and the most bytes of one. */
const PART_UNITS = 4096
const MAX_UTF8_BYTES = 3
const ROOM = Buffer.allocUnsafeSlow(PART_UNITS * MAX_UTF8_BYTES)
const ROOM_WORDS = new Int32Array(ROOM.buffer)

/** Texts are copied out: to ask a string for one unit after another would take several times as long. */
function hashLong(text: string): number {
  let [a, b] = [(TEXT ?? 0) ^ text.length, FACTOR]
  for (let from = 0; from < text.length; from += PART_UNITS) {
    const part = text.length <= PART_UNITS ? text : text.slice(from, from + PART_UNITS)
    const size = ROOM.write(part, 'utf8')
    // Nothing of an earlier text may count.
    ROOM.fill(0, size, (size + 7) & ~7)
    for (let at = 0; at < size / 4; at += 2) {
      a = Math.imul(a ^ (ROOM_WORDS[at] ?? 0), FACTOR)
      b = Math.imul(b ^ (ROOM_WORDS[at + 1] ?? 0), FACTOR)
      a ^= a >>> 15
      b ^= b >>> 13
    }
  }
  return mix(Math.imul(a, FACTOR) ^ b)
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 15)
}
