import { isFieldName, isFieldValue } from './field-grammar.ts'
import { decodeHuffman, longestDecoded } from './huffman.ts'
import { STATIC_COUNT, STATIC_FIELDS } from './static-table.ts'
import { TextMemory } from './text-memory.ts'

/** Size of the dynamic table that clients may use: the default, which nobody needs to be told (RFC 9113 section 6.5.2). */
const TABLE_BYTES = 4_096
/** What an entry costs beside its text (RFC 7541 section 4.1). */
const ENTRY_BYTES = 32
/** More entries than the table can hold; a power of two. */
const SLOTS = 128
/** Bytes of a number behind its first one: enough for 2^28. */
const MAX_NUMBER_BYTES = 4
const NUMBER_FAULT = -1

/** Bounds of one block of fields. */
export interface BlockLimits {
  readonly maxFields: number
  /** Names and values as HTTP/1.1 would write them: with four bytes more for each field. */
  readonly maxBytes: number
}

/** Texts out of Huffman code stand here until they are strings; nothing is kept in it. */
let scratch: Buffer = Buffer.alloc(0)

/**
 * Decodes the blocks of one connection, in the order they came (RFC 7541). What is beyond the bounds is decoded too, so
 * that the table stays right, but not kept.
 */
export class HpackDecoder {
  readonly #limits: BlockLimits
  readonly #names: string[] = Array.from({ length: SLOTS }, () => '')
  readonly #values: string[] = Array.from({ length: SLOTS }, () => '')
  /** Whether the entry may stand in a message. */
  readonly #isRight = new Uint8Array(SLOTS)
  readonly #texts = new TextMemory()
  /** Entries that were ever added; the newest stands at one less. */
  #added = 0
  #count = 0
  #tableBytes = 0
  #maxTableBytes = TABLE_BYTES
  #bytes: Buffer = scratch
  #at = 0
  #end = 0
  /** Of the field that is being read. */
  #name = ''
  #value = ''
  #isNameRight = false
  /** Fields of the last block: name, value, name, value, … */
  fields: string[] = []
  /** Bytes of the last block's fields, see `BlockLimits`. */
  fieldBytes = 0
  /** Some name or value of the last block may not stand in a message. */
  isMalformed = false
  /** The last block is beyond the bounds; `fields` are not all. */
  isTooLarge = false
  /** Changes whenever the same bytes may mean something else from then on. */
  generation = 0

  constructor(limits: BlockLimits) {
    this.#limits = limits
  }

  /** @returns false for what is no HPACK: the connection cannot go on (RFC 7541 section 2.3.3, 4.3, 5.1, 5.2). */
  decode(bytes: Buffer, from: number, to: number): boolean {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
    this.fields = []
    this.fieldBytes = 0
    this.isMalformed = false
    this.isTooLarge = false
    const isWhole = this.#sizeUpdates() && this.#fields()
    this.#bytes = scratch
    return isWhole
  }

  /** RFC 7541 section 4.2: a change of size stands before the first field, nowhere else. */
  #sizeUpdates(): boolean {
    while (this.#at < this.#end && ((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20) {
      const size = this.#number(5)
      if (size === NUMBER_FAULT || size > TABLE_BYTES) return false
      this.#maxTableBytes = size
      this.#evict(0)
      this.generation += 1
    }
    return true
  }

  #fields(): boolean {
    while (this.#at < this.#end) {
      const first = this.#bytes[this.#at] ?? 0
      const isRead = first >= 0x80 ? this.#indexed() : this.#literal(first)
      if (!isRead) return false
    }
    return true
  }

  /** A field of either table. */
  #indexed(): boolean {
    const index = this.#number(7)
    if (index <= 0) return false
    if (index <= STATIC_COUNT) {
      this.#keep(STATIC_FIELDS[index * 2 - 2] ?? '', STATIC_FIELDS[index * 2 - 1] ?? '')
      return true
    }
    const slot = this.#slot(index)
    if (slot === NUMBER_FAULT) return false
    if (this.#isRight[slot] !== 1) this.isMalformed = true
    this.#keep(this.#names[slot] ?? '', this.#values[slot] ?? '')
    return true
  }

  /** With incremental indexing (01), without (0000), never indexed (0001); 001 is a change of size in the wrong place. */
  #literal(first: number): boolean {
    const isAdded = (first & 0x40) !== 0
    if (!isAdded && (first & 0x20) !== 0) return false
    const index = this.#number(isAdded ? 6 : 4)
    if (index === NUMBER_FAULT || !this.#readName(index)) return false
    const from = this.#at
    let isRight = this.#isNameRight
    const known = isRight ? this.#knownValue() : undefined
    const value = known ?? this.#text()
    if (value === undefined) return false
    if (known === undefined) {
      isRight &&= isFieldValue(value)
      const place = { bytes: this.#bytes, from, to: this.#at }
      if (isRight && !isAdded) this.#texts.keep(this.#name, value, place)
    }
    this.#value = value
    if (!isRight) this.isMalformed = true
    this.#keep(this.#name, value)
    if (isAdded) this.#add(isRight)
    return true
  }

  /** A value that was written out just like this in an earlier request. */
  #knownValue(): string | undefined {
    const from = this.#at
    const length = this.#number(7)
    const to = this.#at + length
    const isThere = length !== NUMBER_FAULT && to <= this.#end
    const known = isThere ? this.#texts.find(this.#name, this.#bytes, { from, to }) : undefined
    this.#at = known === undefined ? from : to
    return known
  }

  #readName(index: number): boolean {
    this.#isNameRight = true
    if (index === 0) {
      const name = this.#text()
      this.#name = name ?? ''
      this.#isNameRight = isFieldName(this.#name)
      return name !== undefined
    }
    if (index <= STATIC_COUNT) {
      this.#name = STATIC_FIELDS[index * 2 - 2] ?? ''
      return true
    }
    const slot = this.#slot(index)
    if (slot === NUMBER_FAULT) return false
    this.#name = this.#names[slot] ?? ''
    // The entry may be wrong only in its value.
    this.#isNameRight = this.#isRight[slot] === 1 || isFieldName(this.#name)
    return true
  }

  #slot(index: number): number {
    const age = index - STATIC_COUNT - 1
    return age < this.#count ? (this.#added - 1 - age) & (SLOTS - 1) : NUMBER_FAULT
  }

  #keep(name: string, value: string): void {
    this.fieldBytes += name.length + value.length + 4
    const { maxFields, maxBytes } = this.#limits
    if (this.fields.length >= 2 * maxFields || this.fieldBytes > maxBytes) this.isTooLarge = true
    else this.fields.push(name, value)
  }

  #add(isRight: boolean): void {
    this.generation += 1
    const size = this.#name.length + this.#value.length + ENTRY_BYTES
    this.#evict(size)
    // RFC 7541 section 4.4: what is larger than the table empties it, and is no fault.
    if (size > this.#maxTableBytes) return
    const slot = this.#added & (SLOTS - 1)
    this.#names[slot] = this.#name
    this.#values[slot] = this.#value
    this.#isRight[slot] = isRight ? 1 : 0
    this.#added += 1
    this.#count += 1
    this.#tableBytes += size
  }

  #evict(forBytes: number): void {
    while (this.#count > 0 && this.#tableBytes + forBytes > this.#maxTableBytes) {
      const slot = (this.#added - this.#count) & (SLOTS - 1)
      const { length: nameBytes } = this.#names[slot] ?? ''
      const { length: valueBytes } = this.#values[slot] ?? ''
      this.#tableBytes -= nameBytes + valueBytes + ENTRY_BYTES
      this.#names[slot] = ''
      this.#values[slot] = ''
      this.#count -= 1
    }
  }

  /** RFC 7541 section 5.1. */
  #number(bits: number): number {
    const bytes = this.#bytes
    const most = (1 << bits) - 1
    if (this.#at >= this.#end) return NUMBER_FAULT
    let value = (bytes[this.#at++] ?? 0) & most
    if (value < most) return value
    let factor = 1
    for (let i = 0; i < MAX_NUMBER_BYTES && this.#at < this.#end; i += 1) {
      const byte = bytes[this.#at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
    return NUMBER_FAULT
  }

  /** RFC 7541 section 5.2. */
  #text(): string | undefined {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#number(7)
    const from = this.#at
    const to = from + length
    if (length === NUMBER_FAULT || to > this.#end) return undefined
    this.#at = to
    if (!isHuffman) return this.#bytes.toString('latin1', from, to)
    const most = longestDecoded(length)
    if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(Math.max(4_096, most))
    const decoded = decodeHuffman(this.#bytes, { from, to }, scratch)
    return decoded < 0 ? undefined : scratch.toString('latin1', 0, decoded)
  }
}
