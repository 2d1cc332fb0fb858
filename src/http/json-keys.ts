import { randomBytes } from 'node:crypto'
import { JsonNames } from './json-names.ts'
import { unescapeJson } from './json-unescape.ts'

/** Objects with more keys than this are looked up in a table, so that no input makes the check quadratic. */
const SHORT_LIST = 40
/** Numbers kept for each key: hash, start and end of its text; beyond the bytes it stands among the unescaped. */
const STRIDE = 3
const SMALLEST_TABLE = 512
const SHORTEST_DANGEROUS = 9
const LONGEST_DANGEROUS = 11
const DANGEROUS_KEYS = ['__proto__', 'constructor', 'prototype'].map((key) => Buffer.from(key))

/** Unknown to senders, so that nobody can prepare keys that all hash alike. */
const SEED = randomBytes(8)
const START = SEED.readInt32LE(0)
const FACTOR = SEED.readInt32LE(4) | 1

/** What may be wrong with a key. */
export type KeyFault = 'duplicate_key' | 'dangerous_key' | 'too_many_names'

/**
 * Finds repeated and dangerous keys among the objects that are open while a JSON text is scanned. Keys are compared
 * where they stand, as bytes, and only when two hashes agree; those with escapes are unescaped once.
 */
export class JsonKeys {
  readonly #bytes: Uint8Array
  readonly #names: JsonNames
  /** For each open object: where its keys begin among all. */
  readonly #bases: number[] = []
  /** For each open object: what tells its keys in the table from those of others; 0 while it has none there. */
  readonly #serials: number[] = []
  #depth = 0
  /** Never shortened: the first `#size` numbers count. */
  readonly #entries: number[] = []
  #size = 0
  /** Serial and place among the entries, in turn. Keys of closed objects stay: a body has a bounded number of them. */
  #table = EMPTY
  #used = 0
  #lastSerial = 0
  #unescaped: Uint8Array = NO_BYTES
  #unescapedSize = 0

  constructor(bytes: Uint8Array, maxNames: number) {
    this.#bytes = bytes
    this.#names = new JsonNames(maxNames)
  }

  /** See `JsonOutline`. */
  get isManifold(): boolean {
    return this.#names.isManifold
  }

  /** Starts an object. */
  open(): void {
    this.#bases[this.#depth] = this.#size
    this.#serials[this.#depth++] = 0
    this.#names.open()
  }

  /** Ends the innermost object. */
  close(): void {
    this.#size = this.#bases[--this.#depth] ?? 0
    this.#names.close()
  }

  /** Adds the key whose text stands between two offsets (quotes excluded) to the innermost object. */
  add(start: number, end: number, isEscaped: boolean): KeyFault | undefined {
    if (!isEscaped) return this.#enter(start, end)
    const from = this.#bytes.length + this.#unescapedSize
    this.#unescape(start, end)
    return this.#enter(from, this.#bytes.length + this.#unescapedSize)
  }

  #enter(start: number, end: number): KeyFault | undefined {
    const length = end - start
    if (
      length >= SHORTEST_DANGEROUS &&
      length <= LONGEST_DANGEROUS &&
      this.#isDangerous(start, end)
    )
      return 'dangerous_key'
    const hash = this.#hash(start, end)
    const entry = this.#push(hash, start, end)
    const base = this.#bases[this.#depth - 1] ?? 0
    const serial = this.#serials[this.#depth - 1] ?? 0
    const isNew = serial === 0 ? this.#isNewInList(base, entry) : this.#isNewInTable(serial, entry)
    if (!isNew) return 'duplicate_key'
    if (serial === 0 && this.#size - base > SHORT_LIST * STRIDE) this.#moveToTable(base)
    return this.#names.add(hash) ? 'too_many_names' : undefined
  }

  #push(hash: number, start: number, end: number): number {
    const entry = this.#size
    const entries = this.#entries
    entries[entry] = hash
    entries[entry + 1] = start
    entries[entry + 2] = end
    this.#size = entry + STRIDE
    return entry
  }

  /** Whether the key entered last is not among those before it. */
  #isNewInList(base: number, last: number): boolean {
    const entries = this.#entries
    const hash = entries[last]
    for (let i = base; i < last; i += STRIDE)
      if (entries[i] === hash && this.#isSame(i, last)) return false
    return true
  }

  /** As above, for an object whose keys stand in the table, where it is put. */
  #isNewInTable(serial: number, entry: number): boolean {
    if ((this.#used + 1) * 4 > this.#table.length) this.#grow()
    return this.#place(serial, entry)
  }

  #place(serial: number, entry: number): boolean {
    const table = this.#table
    const mask = table.length / 2 - 1
    const hash = this.#entries[entry] ?? 0
    // The same names in many objects must not begin at the same place.
    let slot = mix(hash ^ Math.imul(serial, FACTOR)) & mask
    for (; table[slot * 2] !== 0; slot = (slot + 1) & mask) {
      const other = table[slot * 2 + 1] ?? 0
      if (table[slot * 2] !== serial || this.#entries[other] !== hash) continue
      if (this.#isSame(other, entry)) return false
    }
    table[slot * 2] = serial
    table[slot * 2 + 1] = entry
    this.#used++
    return true
  }

  #moveToTable(base: number): void {
    if ((this.#used + SHORT_LIST + 1) * 4 > this.#table.length) this.#grow()
    const serial = ++this.#lastSerial
    this.#serials[this.#depth - 1] = serial
    for (let entry = base; entry < this.#size; entry += STRIDE) this.#place(serial, entry)
  }

  /** A larger table, with the keys of the objects that are still open. */
  #grow(): void {
    this.#table = new Int32Array(Math.max(SMALLEST_TABLE, this.#table.length * 2))
    this.#used = 0
    for (let i = 0; i < this.#depth; i++) {
      const serial = this.#serials[i] ?? 0
      if (serial === 0) continue
      // The key entered last is put into its place by the caller.
      const end = i + 1 < this.#depth ? (this.#bases[i + 1] ?? 0) : this.#size - STRIDE
      for (let at = this.#bases[i] ?? 0; at < end; at += STRIDE) this.#place(serial, at)
    }
  }

  #isSame(a: number, b: number): boolean {
    const [startA, startB] = [this.#entries[a + 1] ?? 0, this.#entries[b + 1] ?? 0]
    const length = (this.#entries[a + 2] ?? 0) - startA
    if ((this.#entries[b + 2] ?? 0) - startB !== length) return false
    for (let i = 0; i < length; i++)
      if (this.#byte(startA + i) !== this.#byte(startB + i)) return false
    return true
  }

  #isDangerous(start: number, end: number): boolean {
    const first = this.#byte(start)
    // `_`, `c`, `p`: nearly everything else is settled here.
    if (first !== 95 && first !== 99 && first !== 112) return false
    return DANGEROUS_KEYS.some(
      (key) =>
        key[0] === first &&
        key.length === end - start &&
        key.every((byte, i) => byte === this.#byte(start + i)),
    )
  }

  #byte(at: number): number {
    const size = this.#bytes.length
    return (at < size ? this.#bytes[at] : this.#unescaped[at - size]) ?? 0
  }

  #hash(start: number, end: number): number {
    const size = this.#bytes.length
    return start < size || start === end
      ? hashBytes(this.#bytes, start, end)
      : hashBytes(this.#unescaped, start - size, end - size)
  }

  #unescape(start: number, end: number): void {
    const room = this.#unescapedSize + end - start
    if (room > this.#unescaped.length) {
      const larger = new Uint8Array(room * 2)
      larger.set(this.#unescaped.subarray(0, this.#unescapedSize))
      this.#unescaped = larger
    }
    const place = { start, end }
    this.#unescapedSize = unescapeJson(this.#bytes, place, this.#unescaped, this.#unescapedSize)
  }
}

const EMPTY = new Int32Array(0)
const NO_BYTES = new Uint8Array(0)

/** A number of 32 bits that nobody outside can foresee. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = START ^ (end - start)
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FACTOR)
  return mix(hash)
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 15)
}
