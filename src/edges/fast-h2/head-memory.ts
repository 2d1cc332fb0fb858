import type { HpackDecoder } from './hpack-decoder.ts'
import type { RequestFields } from './request-fields.ts'
import { requestFields } from './request-fields.ts'

/** Longer blocks hold texts that will hardly come again. */
const MAX_BLOCK_BYTES = 1_024
/** Heads that are remembered on one connection. */
const PLACES = 2

/** A head, and the bytes it was made of. */
interface KnownHead {
  readonly room: Buffer
  readonly bytes: number
  /** Of the decoder when it was read: with another one the same bytes may be another head. */
  readonly generation: number
  readonly fields: RequestFields
}

/** Why there is no head: `broken`: nor can there be another one on this connection. */
export type HeadFault = 'broken' | 'too large' | 'malformed'

/**
 * Reads the heads of one connection, and remembers the last ones by their bytes: a client that asks for the same again
 * sends the same places in the table. What a block means depends on nothing but its bytes and the table.
 */
export class HeadMemory {
  readonly #decoder: HpackDecoder
  readonly #known: KnownHead[] = []
  #next = 0

  constructor(decoder: HpackDecoder) {
    this.#decoder = decoder
  }

  read(bytes: Buffer, from: number, to: number): RequestFields | HeadFault {
    const known = this.#find(bytes, from, to)
    if (known !== undefined) return known
    const decoder = this.#decoder
    const before = decoder.generation
    if (!decoder.decode(bytes, from, to)) return 'broken'
    if (decoder.isTooLarge) return 'too large'
    const fields = decoder.isMalformed ? undefined : requestFields(decoder.fields)
    if (fields === undefined) return 'malformed'
    if (decoder.generation === before && to - from <= MAX_BLOCK_BYTES)
      this.#remember(bytes.subarray(from, to), fields)
    return fields
  }

  #find(bytes: Buffer, from: number, to: number): RequestFields | undefined {
    const length = to - from
    const { generation } = this.#decoder
    for (const known of this.#known) {
      if (known.bytes !== length || known.generation !== generation) continue
      if (known.room.compare(bytes, from, to, 0, length) === 0) return known.fields
    }
    return undefined
  }

  #remember(block: Buffer, fields: RequestFields): void {
    const { generation } = this.#decoder
    const known = this.#known[this.#next]
    const room = known?.room ?? Buffer.allocUnsafeSlow(MAX_BLOCK_BYTES)
    block.copy(room)
    this.#known[this.#next] = { room, bytes: block.length, generation, fields }
    this.#next = (this.#next + 1) % PLACES
  }
}
