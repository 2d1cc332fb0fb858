import { FLAG, H2_CODE, HEAD_BYTES, MAX_31_BITS, MAX_PAYLOAD, readU32 } from './frames.ts'

/** What every client says first (RFC 9113 section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
const EMPTY = Buffer.alloc(0)

/** Who takes the frames. */
export interface FrameSink {
  /** Frames are wanted; asked before each. */
  readonly takesFrames: boolean
  /** A whole frame; its parts are the reader's until this returns. */
  onFrame(reader: FrameReader): void
  /** What came is no HTTP/2, or a frame too long; nothing follows. */
  onFault(code: number): void
}

/** Cuts bytes into frames. No object is made for a frame: its parts stand in the reader while it is looked at. */
export class FrameReader {
  type = 0
  flags = 0
  id = 0
  /** Where the payload stands in `bytes`. */
  from = 0
  to = 0
  /** What `unpad` left out of the payload. */
  paddingBytes = 0
  bytes: Buffer = EMPTY
  #prefaceBytes = 0
  /** What came and was not read yet, from `#at` on. */
  #chunk: Buffer = EMPTY
  #at = 0
  /** A frame of which a part came, in a buffer as long as it; or less than the head of one. */
  #partial: Buffer | undefined = undefined
  #filled = 0

  /** Some bytes wait for `takesFrames`. */
  get hasMore(): boolean {
    return this.#at < this.#chunk.length
  }

  /** A part of the first words, or of a frame, has come. */
  get isInside(): boolean {
    return this.#partial !== undefined || this.#prefaceBytes < PREFACE.length
  }

  /** Takes what came, behind what waits. */
  feed(chunk: Buffer, sink: FrameSink): void {
    this.#chunk = this.hasMore ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk
    this.#at = 0
    this.resume(sink)
  }

  /** Goes on with what waits. */
  resume(sink: FrameSink): void {
    if (this.#prefaceBytes < PREFACE.length && !this.#readPreface()) {
      sink.onFault(H2_CODE.protocol)
      return
    }
    while (this.#at < this.#chunk.length && sink.takesFrames) {
      if (this.#partial !== undefined) this.#complete(this.#partial, sink)
      else this.#read(sink)
    }
    if (this.#at >= this.#chunk.length) this.#chunk = EMPTY
  }

  /** Leaves the padding out of the payload. @returns false where there is more of it than payload (RFC 9113 section 6.1). */
  unpad(): boolean {
    if ((this.flags & FLAG.padded) === 0) return true
    const padding = this.bytes[this.from] ?? 0
    this.paddingBytes = padding + 1
    if (this.paddingBytes > this.to - this.from) return false
    this.from += 1
    this.to -= padding
    return true
  }

  /** Lets go of everything. */
  drop(): void {
    this.#chunk = EMPTY
    this.#partial = undefined
  }

  #readPreface(): boolean {
    const chunk = this.#chunk
    const bytes = Math.min(PREFACE.length - this.#prefaceBytes, chunk.length)
    const end = this.#prefaceBytes + bytes
    const isRight = PREFACE.compare(chunk, 0, bytes, this.#prefaceBytes, end) === 0
    this.#prefaceBytes = end
    this.#at = bytes
    return isRight
  }

  /** A frame that begins in this chunk. */
  #read(sink: FrameSink): void {
    const chunk = this.#chunk
    const at = this.#at
    const left = chunk.length - at
    if (left < HEAD_BYTES) return this.#keep(HEAD_BYTES, left)
    const bytes = payloadBytes(chunk, at)
    if (bytes > MAX_PAYLOAD) return this.#tooLong(sink)
    const whole = HEAD_BYTES + bytes
    if (left < whole) return this.#keep(whole, left)
    this.#at = at + whole
    this.#give(chunk, at, sink)
  }

  #keep(whole: number, left: number): void {
    const partial = Buffer.allocUnsafe(whole)
    this.#chunk.copy(partial, 0, this.#at)
    this.#partial = partial
    this.#filled = left
    this.#at = this.#chunk.length
  }

  #complete(partial: Buffer, sink: FrameSink): void {
    const copied = this.#chunk.copy(partial, this.#filled, this.#at)
    this.#at += copied
    this.#filled += copied
    if (this.#filled < partial.length) return
    const whole = HEAD_BYTES + payloadBytes(partial, 0)
    if (whole > HEAD_BYTES + MAX_PAYLOAD) return this.#tooLong(sink)
    if (whole > partial.length) {
      const longer = Buffer.allocUnsafe(whole)
      partial.copy(longer)
      this.#partial = longer
      return
    }
    this.#partial = undefined
    this.#give(partial, 0, sink)
  }

  #tooLong(sink: FrameSink): void {
    this.drop()
    sink.onFault(H2_CODE.frameSize)
  }

  #give(bytes: Buffer, at: number, sink: FrameSink): void {
    this.bytes = bytes
    this.type = bytes[at + 3] ?? 0
    this.flags = bytes[at + 4] ?? 0
    this.id = readU32(bytes, at + 5) & MAX_31_BITS
    this.from = at + HEAD_BYTES
    this.to = this.from + payloadBytes(bytes, at)
    this.paddingBytes = 0
    sink.onFrame(this)
    this.bytes = EMPTY
  }
}

function payloadBytes(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
}
