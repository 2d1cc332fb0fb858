/** Longer heads hold texts that will hardly come again. */
const MAX_HEAD_BYTES = 1_024
const MAX_FIELDS = 32
/** Longest value that is read here: with every field so long a head is far below what the parser takes. */
const MAX_VALUE_BYTES = 256
/** Heads that are remembered of one origin: operations and failures have theirs. */
const MAX_HEADS = 4
/** After so many unknown heads in a row so many answers are not looked at: all heads of this origin may be different. */
const MAX_MISSES = 32
const REST = 256

const SPACE = 0x20
const TILDE = 0x7e
const CR = 0x0d
const ZERO = 0x30
const NINE = 0x39
/** What is exact as a number, and what `AnswerReader` takes. */
const MAX_DIGITS = 15

/** Fields that frame the message or keep the connection, to us or to llhttp: with another value it is another head. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Head of an answer that a parser has read and no rule has broken; it has a body, with one `Content-Length`. */
export interface ReadHead {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly isReusable: boolean
  readonly keepAliveMs: number | undefined
}

/** Where the value of a field stands, without its line end. It may be another one in the next head. */
interface Value {
  readonly from: number
  readonly to: number
  /** Place in the flat list. */
  readonly index: number
  readonly isLength: boolean
}

/** A head that came before. */
interface KnownHead extends ReadHead {
  /** As it came, up to its empty line. */
  readonly bytes: Buffer
  /** The same four by four, without the rest. */
  readonly words: Int32Array
  readonly values: readonly Value[]
  rawHeaders: readonly string[]
  length: number
}

/**
 * Remembers the heads of one origin's answers by their bytes, and reads those that are like one before: the same status
 * line and the same fields in the same order, with other plain values in those that frame nothing. What such a head
 * means is known, so no parser has to look at it; all others are left to the parser.
 */
export class KnownAnswers {
  /** Of the head that `read` has read. */
  status = 0
  rawHeaders: readonly string[] = []
  isReusable = false
  keepAliveMs: number | undefined = undefined
  /** Its `Content-Length`. */
  length = 0
  /** The one that came last stands first. */
  readonly #heads: KnownHead[] = []
  #misses = 0
  #rest = 0
  #memory: ArrayBufferLike | undefined = undefined
  #memoryWords: Int32Array = new Int32Array(0)

  /**
   * Reads the head at the beginning of a piece.
   * @returns its bytes, the empty line included; 0 where it is for the parser.
   */
  read(chunk: Buffer): number {
    if (this.#rest > 0) {
      this.#rest -= 1
      return 0
    }
    for (let place = 0; place < this.#heads.length; place += 1) {
      const bytes = this.#match(place, chunk)
      if (bytes > 0) return bytes
    }
    this.#misses += 1
    if (this.#misses === MAX_MISSES) {
      this.#misses = 0
      this.#rest = REST
    }
    return 0
  }

  /** Remembers what a parser has read at the beginning of a piece, if it is of a form that can be found again. */
  learn(chunk: Buffer, headBytes: number, head: ReadHead): void {
    if (headBytes > MAX_HEAD_BYTES || headBytes > chunk.length || this.#rest > 0) return
    const bytes = Buffer.allocUnsafeSlow(headBytes)
    chunk.copy(bytes, 0, 0, headBytes)
    const known = knownHead(bytes, head)
    if (known === undefined) return
    this.#heads.unshift(known)
    if (this.#heads.length > MAX_HEADS) this.#heads.pop()
  }

  /** @returns bytes of the head; 0: it is another one. */
  #match(place: number, chunk: Buffer): number {
    const head = this.#heads[place] as KnownHead
    const { bytes, values } = head
    let raw: string[] | undefined
    let { length } = head
    let from = this.#alike(head, chunk)
    // Adds to a place in the known head: the same place in the piece.
    let shift = 0
    let hasMoved = false
    for (let i = 0; i < values.length; i += 1) {
      const { from: begin, to, index, isLength } = values[i] as Value
      // With the CR behind it: one value may begin as the other.
      if (from <= to) from = sameUntil(bytes, from, { to: to + 1, chunk, shift })
      if (from > to) continue
      if (from < begin) return 0
      const at = begin + shift
      const end = isLength ? endOfNumber(chunk, at) : endOfValue(chunk, at)
      if (end === 0) return 0
      const text = chunk.toString('latin1', at, end)
      raw ??= head.rawHeaders.slice()
      raw[index] = text
      if (isLength) length = Number(text)
      from = to
      shift = end - to
      if (shift !== 0) hasMoved = true
    }
    if (sameUntil(bytes, from, { to: bytes.length, chunk, shift }) < bytes.length) return 0
    this.#found(place, raw ?? head.rawHeaders, length)
    // The next one will rather be like this one, with its date.
    if (raw !== undefined && !hasMoved) {
      chunk.copy(bytes, 0, 0, bytes.length)
      head.rawHeaders = raw
      head.length = length
    }
    return bytes.length + shift
  }

  /** @returns how many bytes, four by four, are those of the known head. */
  #alike({ words }: KnownHead, chunk: Buffer): number {
    const { buffer, byteOffset } = chunk
    if (byteOffset % 4 !== 0) return 0
    // Nearly all pieces come in one memory.
    if (buffer !== this.#memory) {
      this.#memory = buffer
      this.#memoryWords = new Int32Array(buffer, 0, buffer.byteLength >> 2)
    }
    const memory = this.#memoryWords
    const first = byteOffset >> 2
    const end = Math.min(words.length, chunk.length >> 2)
    let at = 0
    while (at < end && words[at] === memory[first + at]) at += 1
    return at * 4
  }

  #found(place: number, rawHeaders: readonly string[], length: number): void {
    const head = this.#heads[place] as KnownHead
    if (place > 0) {
      this.#heads.splice(place, 1)
      this.#heads.unshift(head)
    }
    this.#misses = 0
    this.status = head.status
    this.rawHeaders = rawHeaders
    this.isReusable = head.isReusable
    this.keepAliveMs = head.keepAliveMs
    this.length = length
  }
}

/** @returns the first place at which the piece is another, or has ended; else `to`. */
function sameUntil(
  bytes: Buffer,
  from: number,
  { to, chunk, shift }: { to: number; chunk: Buffer; shift: number },
): number {
  const end = Math.min(to, chunk.length - shift)
  let at = from
  while (at < end && bytes[at] === chunk[at + shift]) at += 1
  return at
}

/**
 * What no parser reads in more than one way: visible ASCII, with spaces only between.
 * @returns the place of the CR behind it; 0: it is something else, or goes on in the next piece.
 */
function endOfValue(chunk: Buffer, from: number): number {
  const end = Math.min(chunk.length, from + MAX_VALUE_BYTES + 1)
  let at = from
  while (at < end) {
    const byte = chunk[at] ?? 0
    if (byte < SPACE || byte > TILDE) break
    at += 1
  }
  const isWhole = at > from && at < end && chunk[at] === CR
  return isWhole && chunk[from] !== SPACE && chunk[at - 1] !== SPACE ? at : 0
}

/** The same for digits. */
function endOfNumber(chunk: Buffer, from: number): number {
  const end = Math.min(chunk.length, from + MAX_DIGITS + 1)
  let at = from
  while (at < end) {
    const byte = chunk[at] ?? 0
    if (byte < ZERO || byte > NINE) break
    at += 1
  }
  return at > from && at < end && chunk[at] === CR ? at : 0
}

/** @returns `undefined` where a line is not name, colon, space and value to the byte, or there is no single length. */
function knownHead(bytes: Buffer, head: ReadHead): KnownHead | undefined {
  const { rawHeaders } = head
  const lines = bytes.toString('latin1').split('\r\n')
  // Status line, and behind the fields an empty line.
  if (rawHeaders.length > 2 * MAX_FIELDS || lines.length !== rawHeaders.length / 2 + 3)
    return undefined
  const values: Value[] = []
  let lineFrom = (lines[0] ?? '').length + 2
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const line = lines[index / 2 + 1] ?? ''
    if (line !== `${name}: ${value}`) return undefined
    const to = lineFrom + line.length
    const lower = name.toLowerCase()
    const isLength = lower === 'content-length'
    if (!FRAMING.has(lower))
      values.push({ from: to - value.length, to, index: index + 1, isLength })
    lineFrom = to + 2
  }
  const lengths = values.filter(({ isLength }) => isLength)
  const said = rawHeaders[lengths[0]?.index ?? -1]
  if (lengths.length !== 1 || said === undefined || !/^\d{1,15}$/.test(said)) return undefined
  const words = new Int32Array(bytes.buffer, 0, bytes.length >> 2)
  return { ...head, bytes, words, values, length: Number(said) }
}
