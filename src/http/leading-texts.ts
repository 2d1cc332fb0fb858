import { jsonPointerAt } from './json-pointer-at.ts'

/** Where a name and its text stand in the bytes of a JSON text, quotes excluded: begin and end of each. */
const WORDS = 4
const QUOTE = 34

/** Goes from text to text. */
export interface TextCursor {
  /** The name that the text stands under; in a list, that of the list; at the top, empty. */
  readonly name: string
  readonly text: string
  /** Goes on to the next text; `false` once there is none. */
  next(): boolean
  /** JSON Pointer of the text (RFC 6901). */
  pointer(): string
}

/**
 * The strings of a JSON text that may lead inside, names aside, without the value that they are part of: they begin like
 * a URL, and what it leads to is not plainly something public. Of many under one name that begin alike up to the end of
 * their hosts, the first.
 */
export class LeadingTexts {
  /** Of a text without such strings. */
  static readonly NONE: LeadingTexts = new LeadingTexts(new Uint8Array(0), new Int32Array(0))

  readonly #bytes: Uint8Array
  readonly #places: Int32Array

  /**
   * `places`: of each string four offsets into `bytes`, in the order of the text: where the name begins and ends and
   * where the string does, quotes excluded. In an array the name is that of the member around it; at the top both are 0.
   */
  constructor(bytes: Uint8Array, places: Int32Array) {
    this.#bytes = bytes
    this.#places = places
  }

  /** Of a text that is one value and no container: any string may lead inside. */
  static ofScalar(bytes: Uint8Array): LeadingTexts {
    return bytes[0] === QUOTE
      ? new LeadingTexts(bytes, Int32Array.of(0, 0, 1, bytes.length - 1))
      : LeadingTexts.NONE
  }

  /** How many there are. */
  get count(): number {
    return this.#places.length / WORDS
  }

  /**
   * The places in a text in which this one begins at `at`, as the value of the member whose name stands at
   * [nameStart, nameEnd).
   */
  placesAt(at: number, nameStart: number, nameEnd: number): Int32Array {
    const moved = this.#places.map((place) => place + at)
    for (let i = 0; i < moved.length; i += WORDS) {
      // A name never begins a text.
      if (this.#places[i] === 0) moved.set([nameStart, nameEnd], i)
    }
    return moved
  }

  /** `isAsked`: whether texts under a name are wanted at all. */
  cursor(isAsked: (name: string) => boolean): TextCursor {
    return new Cursor(this.#bytes, this.#places, isAsked)
  }
}

class Cursor implements TextCursor {
  readonly #bytes: Buffer
  readonly #places: Int32Array
  readonly #isAsked: (name: string) => boolean
  /** Names and texts cut out of one text cost a fraction of what each costs to be read from the bytes. */
  readonly #all: string
  readonly #asked = new Map<string, boolean>()
  #at = -WORDS
  #nameStart = -1
  #isWanted = false
  name = ''
  text = ''

  constructor(bytes: Uint8Array, places: Int32Array, isAsked: (name: string) => boolean) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#places = places
    this.#isAsked = isAsked
    this.#all = this.#bytes.toString('latin1')
  }

  next(): boolean {
    const places = this.#places
    for (let at = (this.#at += WORDS); at < places.length; at = this.#at += WORDS) {
      if (places[at] !== this.#nameStart) this.#readName(at)
      if (!this.#isWanted) continue
      this.text = this.#meaning(places[at + 2] ?? 0, places[at + 3] ?? 0)
      return true
    }
    return false
  }

  pointer(): string {
    return jsonPointerAt(this.#bytes, (this.#places[this.#at + 2] ?? 0) - 1)
  }

  #readName(at: number): void {
    this.#nameStart = this.#places[at] ?? 0
    this.name = this.#meaning(this.#nameStart, this.#places[at + 1] ?? 0)
    const before = this.#asked.get(this.name)
    this.#isWanted = before ?? this.#isAsked(this.name)
    if (before === undefined) this.#asked.set(this.name, this.#isWanted)
  }

  /** What the string means that stands between two offsets. */
  #meaning(start: number, end: number): string {
    const plain = this.#all.slice(start, end)
    if (!/[\\\x80-\xff]/.test(plain)) return plain
    const text = this.#bytes.toString('utf8', start, end)
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
  }
}
