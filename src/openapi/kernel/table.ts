import type { Place } from '../schema/filter-place.ts'
import {
  DROP_ACTION,
  ENTRY_BYTES,
  HIDE_ACTION,
  MAX_BITS,
  namePattern,
  nameWords,
  OPEN_ACTION,
  slotOf,
  STATE_BYTES,
  UNDECIDED_ACTION,
} from './layout.ts'
import type { State, Step } from './state.ts'
import { States } from './state.ts'

/** Larger tables are not made: what would not fit is left undecided. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024

/** A name and what is done with its member. */
interface Listed {
  readonly name: Uint8Array
  readonly action: number
}

/** The flat tables of all responses of one document (see `layout.ts`). Grows as schemas are added, never changes. */
export class KernelTable {
  readonly #states = new States()
  readonly #offsets = new Map<State, number>()
  #bytes = new Uint8Array(4096)
  #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer)
  #length = 0
  #shown: Uint8Array = this.#bytes

  /** Adds what is said of a place, less what `cover` hides of it; returns the action for a root that stands there. */
  add(place: Place | undefined, cover?: Place): number {
    const root = this.#states.of(place, cover)
    const fresh: State[] = []
    const action = this.#action(root, fresh)
    for (let state = fresh.pop(); state !== undefined; state = fresh.pop()) this.#fill(state, fresh)
    return action
  }

  /** The table as it is now. Its length tells whether it has grown. */
  get bytes(): Uint8Array {
    // Asked for with every text.
    if (this.#shown.length !== this.#length || this.#shown.buffer !== this.#bytes.buffer)
      this.#shown = this.#bytes.subarray(0, this.#length)
    return this.#shown
  }

  #action(step: Step, fresh: State[]): number {
    if (step === 'open') return OPEN_ACTION
    if (step === 'drop') return DROP_ACTION
    if (step === 'hide') return HIDE_ACTION
    if (step === 'undecided') return UNDECIDED_ACTION
    const known = this.#offsets.get(step)
    if (known !== undefined) return known
    if (this.#length > MAX_TABLE_BYTES) return UNDECIDED_ACTION
    const offset = this.#take(STATE_BYTES)
    this.#offsets.set(step, offset)
    fresh.push(step)
    return offset
  }

  #fill(state: State, fresh: State[]): void {
    const at = this.#offsets.get(state) ?? 0
    const names = [...state.names].flatMap(([name, step]) => {
      // Others stand in a text only with escapes, which are left to the careful path.
      if (!name.isWellFormed()) return []
      return [{ name: Buffer.from(name), action: this.#action(step, fresh) }]
    })
    const entries = this.#take(names.length * ENTRY_BYTES)
    const [slots, bits] = this.#index(names.map(({ name }) => name))
    const hasBits = names.length <= MAX_BITS
    names.forEach((listed, number) => {
      const entry = entries + number * ENTRY_BYTES
      this.#entry(entry, listed, number)
      if (hasBits) this.#view.setBigUint64(entry + 56, 1n << BigInt(number), true)
    })
    const prefix = this.#take(state.prefix.length * 4)
    state.prefix.forEach((step, index) => {
      const action = this.#action(step, fresh)
      this.#view.setInt32(prefix + index * 4, action, true)
    })
    const unlisted = this.#action(state.unlisted, fresh)
    const items = this.#action(state.items, fresh)
    const words = [entries, names.length, slots, unlisted, items, prefix, state.prefix.length]
    words.forEach((word, index) => this.#view.setInt32(at + 4 + index * 4, word, true))
    this.#bytes.set([state.objects, state.arrays, bits], at)
  }

  #index(names: readonly Uint8Array[]): readonly [offset: number, bits: number] {
    const bits = Math.max(1, Math.ceil(Math.log2(names.length * 2)))
    const offset = this.#take(2 << bits)
    names.forEach((name, index) => {
      let slot = slotOf(name, bits)
      while (this.#view.getUint16(offset + slot * 2, true) !== 0) slot = (slot + 1) % (1 << bits)
      this.#view.setUint16(offset + slot * 2, index + 1, true)
    })
    return [offset, bits]
  }

  #entry(at: number, { name, action }: Listed, number: number): void {
    const [low, high] = nameWords(name)
    const text = this.#take(name.length)
    this.#bytes.set(name, text)
    this.#view.setBigUint64(at, low, true)
    this.#view.setBigUint64(at + 8, high, true)
    this.#view.setUint32(at + 16, name.length, true)
    this.#view.setUint32(at + 20, text, true)
    this.#view.setInt32(at + 24, action, true)
    this.#view.setUint32(at + 28, number, true)
    this.#bytes.set(namePattern(name), at + 32)
  }

  /** Room for some bytes, at a multiple of 8. */
  #take(bytes: number): number {
    const offset = this.#length
    this.#length = (offset + bytes + 7) & ~7
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return offset
  }
}
