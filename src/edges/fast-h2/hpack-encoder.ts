import type { AnswerField, RepeatedField } from './answer-fields.ts'
import {
  answerField,
  dateField,
  hpackNumber,
  indexedField,
  isDate,
  lengthField,
  statusField,
} from './answer-fields.ts'
import { STATIC_COUNT } from './static-table.ts'

/** The table that is used of what a client offers: the size that both sides begin with. */
const TABLE_BYTES = 4_096
/** A field that comes for the so many-th time, on whatever connection, is worth a place. */
const WORTH_USES = 2

/** The fields of the answer that is being written; nothing is kept in it between two. */
const found: AnswerField[] = []

/** The fields of an answer beside its own. */
export interface HeadPlan {
  /** `content-length`, where it is said. */
  readonly length: number | undefined
  /** Whether `date` is said where the API said none. */
  readonly isDated: boolean
}

/**
 * Encodes the heads of one connection, in the order they go out (RFC 7541). Only fields that tell nothing of whom the
 * answer is for enter the table, see `answer-fields.ts`.
 */
export class HpackEncoder {
  /** When each field in the table was added, counted from 1. */
  readonly #addedAt = new Map<RepeatedField, number>()
  /** Fields in the table, the oldest at `#oldest`. */
  #queue: RepeatedField[] = []
  #oldest = 0
  #added = 0
  #bytes = 0
  #maxBytes = TABLE_BYTES
  /** The smallest size since the last block, where it changed: the client must be told (RFC 7541 section 4.2). */
  #smallest: number | undefined = undefined

  /** The client allows a table of so many bytes (SETTINGS_HEADER_TABLE_SIZE); more than our own size is not used. */
  allow(bytes: number): void {
    const size = Math.min(bytes, TABLE_BYTES)
    if (size === this.#maxBytes) return
    this.#maxBytes = size
    this.#smallest = Math.min(this.#smallest ?? size, size)
    this.#evict(0)
  }

  /** The block of an answer's head. @throws TypeError before anything is changed, for a field that cannot stand in one. */
  encode(status: number, headers: readonly string[], { length, isDated }: HeadPlan): string {
    let isMissingDate = isDated
    let count = 0
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? ''
      const field = answerField(i >> 1, name, headers[i + 1] ?? '')
      if (isMissingDate && isDate(name)) isMissingDate = false
      found[count++] = field
    }
    let block = this.#sizeUpdates() + statusField(status)
    for (let i = 0; i < count; i += 1) {
      const field = found[i] ?? ''
      block += typeof field === 'string' ? field : this.#repeated(field)
    }
    if (length !== undefined) block += lengthField(length)
    return isMissingDate ? block + dateField(Date.now()) : block
  }

  #sizeUpdates(): string {
    const smallest = this.#smallest
    if (smallest === undefined) return ''
    this.#smallest = undefined
    const now = hpackNumber(this.#maxBytes, 5, 0x20)
    return smallest < this.#maxBytes ? hpackNumber(smallest, 5, 0x20) + now : now
  }

  #repeated(field: RepeatedField): string {
    const addedAt = this.#addedAt.get(field)
    if (addedAt !== undefined) return indexedField(STATIC_COUNT + 1 + this.#added - addedAt)
    field.uses += 1
    if (field.uses < WORTH_USES || field.bytes > this.#maxBytes) return field.literal
    this.#evict(field.bytes)
    this.#added += 1
    this.#bytes += field.bytes
    this.#addedAt.set(field, this.#added)
    this.#queue.push(field)
    return field.added
  }

  /** Makes room for so many bytes. */
  #evict(forBytes: number): void {
    while (this.#bytes + forBytes > this.#maxBytes && this.#oldest < this.#queue.length) {
      const field = this.#queue[this.#oldest++]
      if (field === undefined) return
      this.#bytes -= field.bytes
      this.#addedAt.delete(field)
    }
    if (this.#oldest < 64) return
    this.#queue = this.#queue.slice(this.#oldest)
    this.#oldest = 0
  }
}
