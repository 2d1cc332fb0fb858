/** Shorter texts are decoded as fast as they are found; longer ones are not worth their place. */
const MIN_BYTES = 32
const MAX_BYTES = 2_048
const PLACES = 2

interface KnownText {
  readonly name: string
  /** As on the wire. */
  readonly raw: Buffer
  readonly text: string
}

/**
 * The last long values of one connection by their bytes. Tokens and cookies must not enter the table of HPACK, so that
 * clients write them out in each request: the same text is decoded and checked once.
 */
export class TextMemory {
  readonly #known: (KnownText | undefined)[] = []
  #next = 0

  /** The value that these bytes were for a field of this name; `undefined`: not known. */
  find(name: string, bytes: Buffer, { from, to }: Place): string | undefined {
    const length = to - from
    if (length < MIN_BYTES) return undefined
    for (const known of this.#known) {
      if (known === undefined || known.raw.length !== length || known.name !== name) continue
      if (known.raw.compare(bytes, from, to) === 0) return known.text
    }
    return undefined
  }

  /** Keeps a value that is right. Targets are another one each time. */
  keep(name: string, text: string, { bytes, from, to }: Source): void {
    const length = to - from
    if (length < MIN_BYTES || length > MAX_BYTES || name === ':path') return
    const raw = Buffer.allocUnsafeSlow(length)
    bytes.copy(raw, 0, from, to)
    this.#known[this.#next] = { name, raw, text }
    this.#next = (this.#next + 1) % PLACES
  }
}

interface Place {
  readonly from: number
  readonly to: number
}

interface Source extends Place {
  readonly bytes: Buffer
}
