import { DROP_ACTION, ENTRY_BYTES, OPEN_ACTION, REFUSED } from '../layout.ts'

/** One entry of a state. */
export interface ListedName {
  readonly number: number
  readonly action: number
}

/** Reads a table by names, without the hashes that the kernel uses. Keeps what it has read. */
export class TableReader {
  readonly #bytes: Buffer
  readonly #names = new Map<number, ReadonlyMap<string, ListedName>>()

  constructor(table: Uint8Array) {
    this.#bytes = Buffer.from(table.buffer, table.byteOffset, table.byteLength)
  }

  /** What an action says of an object (`isArray` false) or an array that begins: a stance of `layout.ts`. */
  stance(action: number, isArray: boolean): number {
    if (action >= 0) return this.#bytes.readUInt8(action + (isArray ? 1 : 0))
    if (action === OPEN_ACTION || action === DROP_ACTION) return -action
    return REFUSED + 1
  }

  /** The entry of a name, or `undefined` when the state does not list it. */
  listed(state: number, name: string): ListedName | undefined {
    let names = this.#names.get(state)
    if (names === undefined) this.#names.set(state, (names = this.#read(state)))
    return names.get(name)
  }

  unlisted(state: number): number {
    return this.#bytes.readInt32LE(state + 16)
  }

  item(state: number, index: number): number {
    if (index >= this.#bytes.readUInt32LE(state + 28)) return this.#bytes.readInt32LE(state + 20)
    return this.#bytes.readInt32LE(this.#bytes.readUInt32LE(state + 24) + index * 4)
  }

  #read(state: number): ReadonlyMap<string, ListedName> {
    const entries = this.#bytes.readUInt32LE(state + 4)
    const count = this.#bytes.readUInt32LE(state + 8)
    const names = new Map<string, ListedName>()
    for (let number = 0; number < count; number += 1) {
      const at = entries + number * ENTRY_BYTES
      const start = this.#bytes.readUInt32LE(at + 20)
      const name = this.#bytes.toString('utf8', start, start + this.#bytes.readUInt32LE(at + 16))
      names.set(name, { number, action: this.#bytes.readInt32LE(at + 24) })
    }
    return names
  }
}
