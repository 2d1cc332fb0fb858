import { joinedCuts } from './body-cuts.ts'
import { HeadSpans } from './head-spans.ts'
import type { LlhttpEngine, RunningParser } from './llhttp-wasm.ts'
import { ABORT, CHUNKED, HAS_LENGTH, INPUT_BYTES, longAt, PAUSED } from './llhttp-wasm.ts'

/** Bounds and habits of a parser; one object for all messages of a kind. */
export interface ParserRules {
  /** Start line and fields together; more is `HPE_HEADER_OVERFLOW`. */
  readonly maxHeadBytes: number
  /**
   * Chunk extensions and needless zeros of a message together, and its trailer section: more is
   * `HPE_CHUNK_EXTENSIONS_OVERFLOW`, or `HPE_HEADER_OVERFLOW` in the trailer.
   */
  readonly maxChunkExtraBytes: number
  /** The buffers given to `execute` are written over afterwards: bodies are copied out of them. */
  readonly copiesBody: boolean
}

/** Why a message is no HTTP: llhttp's code, or one of ours where llhttp is too kind. */
export interface ParseFault {
  readonly code: string
  /** Place in the chunk that was given last. */
  readonly at: number
}

/** Where the struct of llhttp 9.3 keeps what no function of the build tells. */
const CONTENT_LENGTH_AT = 32
const METHOD_AT = 41
const MAJOR_AT = 42
const MINOR_AT = 43
const FLAGS_AT = 50

/** Size line with 16 digits, its line end, and the line end of the data before it. */
const CHUNK_HEAD_BYTES = 20
const NO_FIELDS: readonly string[] = Object.freeze([])
/** Of a parser that nobody uses. */
const NO_RULES: ParserRules = { maxHeadBytes: 0, maxChunkExtraBytes: 0, copiesBody: false }
const CR = 13
const LF = 10
const SPACE = 32

/**
 * Parses one message at a time. `execute` calls nobody back: it sets the fields below, so whoever owns the parser may
 * do anything with it and others in between. The events of a message do not depend on how its bytes were cut.
 * Owned from `acquireParser` to `releaseParser`; `next` begins a message.
 */
export class LlhttpParser implements RunningParser {
  /** The head was completed by the last `execute`; the fields of the head hold until `next`. */
  hasHead = false
  /** Bytes of the body in the last `execute`, whoever gets them may keep them. */
  body: Buffer | undefined = undefined
  /** The message has ended; `execute` stopped right behind it. */
  isComplete = false
  /** Nothing can follow. */
  fault: ParseFault | undefined = undefined

  /** Set before the head is there: the answer to HEAD has no body. */
  skipsBody = false

  method = ''
  target = ''
  status = 0
  /** `1.1`, `1.0`; llhttp also takes `0.9` and `2.0`. */
  httpVersion = ''
  /** Names and values as they came, without the white space around values; latin1. */
  rawHeaders: readonly string[] = NO_FIELDS
  /** `Upgrade` and `Connection: upgrade`, or CONNECT; in answers only with 101. */
  isUpgrade = false
  shouldKeepAlive = false
  isChunked = false
  contentLength: number | undefined = undefined
  /** An answer whose body ends with the connection. */
  isUntilClose = false
  /** Of an answer: flat list like `rawHeaders`. Those of requests are counted and not kept: nobody reads them. */
  trailers: string[] = []
  /** The head up to a fault in it, for whoever must say what was wrong. */
  faultText = ''
  /** Bytes of the head, as far as they were needed: start line, fields and the empty line. */
  headBytes = 0

  readonly type: 'request' | 'response'
  readonly #engine: LlhttpEngine
  readonly #ptr: number
  #rules: ParserRules = NO_RULES
  /** 0: nothing came yet, 1: the CR of an empty line, 2: an empty line, 3: the message itself. */
  #start = 0
  #isHeadDone = false
  /** The head as far as it came in earlier pieces; places in the head count from its first byte. */
  #earlier = ''
  /** Adds to an address in the heap: its place in the head. */
  #headShift = 0
  readonly #spans = new HeadSpans()
  /** Bytes of a body with a length that are still to come. */
  #left = 0
  /** Adds to an address in the heap: its place in the chunk. */
  #chunkShift = 0
  /** Data of the body in this chunk: from, to, from, to, … */
  readonly #cuts: number[] = []
  /** Bytes since the last data or the end of the head, and from which address on they count. */
  #gapBytes = 0
  #gapFrom = 0
  #extraBytes = 0
  #isInsideChunk = false
  #isInTrailer = false
  /** Address behind the bytes that llhttp reads: only there a chunk is cut. */
  #inputEnd = 0

  constructor(type: 'request' | 'response', engine: LlhttpEngine) {
    this.type = type
    this.#engine = engine
    this.#ptr = engine.alloc(type)
  }

  /** Whether a message has begun and not ended; an empty line before it is nothing. */
  get isInside(): boolean {
    return this.#start === 3 && !this.isComplete
  }

  /** Bytes of the target that came so far. */
  get targetBytes(): number {
    return this.#spans.targetTo - this.#spans.targetFrom
  }

  /** Ready for the next message. */
  next(rules: ParserRules): void {
    this.#engine.reset(this.#ptr)
    this.clear()
    this.#rules = rules
  }

  /** Lets go of everything of its messages; nothing is parsed before `next`. */
  clear(): void {
    this.#rules = NO_RULES
    this.hasHead = false
    this.body = undefined
    this.isComplete = false
    this.fault = undefined
    this.faultText = ''
    this.skipsBody = false
    this.rawHeaders = NO_FIELDS
    if (this.trailers.length > 0) this.trailers = []
    this.isUpgrade = false
    this.isChunked = false
    this.contentLength = undefined
    this.isUntilClose = false
    this.#start = 0
    this.#isHeadDone = false
    this.#earlier = ''
    this.#spans.clear()
    this.#left = 0
    this.#gapBytes = 0
    this.#extraBytes = 0
    this.#isInsideChunk = false
    this.#isInTrailer = false
  }

  /**
   * Takes bytes from `from` on, up to the end of the chunk, of the message, or to a fault.
   * @returns the place behind the last byte taken.
   */
  execute(chunk: Buffer, from: number): number {
    this.hasHead = false
    this.body = undefined
    if (this.isComplete || this.fault !== undefined) return from
    let at = from
    if (this.#start < 3) at = this.#skipEmptyLine(chunk, at)
    while (at < chunk.length && this.fault === undefined && !this.isComplete)
      at = this.#isCounted ? this.#takeCounted(chunk, at) : this.#feed(chunk, at)
    this.#gatherBody(chunk)
    return at
  }

  /**
   * The connection ended.
   * @returns `complete` where that is how the body ends, `none` between messages, else `cut`.
   */
  finish(): 'complete' | 'none' | 'cut' {
    if (this.isUntilClose && this.fault === undefined) {
      this.isComplete = true
      return 'complete'
    }
    return this.isInside ? 'cut' : 'none'
  }

  /** Bodies with a length and bodies that end with the connection need no parser. */
  get #isCounted(): boolean {
    return this.#isHeadDone && !this.isChunked
  }

  #takeCounted(chunk: Buffer, at: number): number {
    const bytes = this.isUntilClose ? chunk.length - at : Math.min(this.#left, chunk.length - at)
    this.#cut(at, at + bytes)
    if (!this.isUntilClose) {
      this.#left -= bytes
      this.isComplete = this.#left === 0
    }
    return at + bytes
  }

  /** RFC 9112 section 2.2: one empty line may come before a request. llhttp would skip any number, and lone CR or LF. */
  #skipEmptyLine(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#start < 3) {
      const byte = chunk[at]
      if (this.#start === 0 && byte === CR && this.type === 'request') this.#start = 1
      else if (this.#start === 1 && byte === LF) this.#start = 2
      else if (this.#start === 1 || byte === CR || byte === LF) {
        this.fault = { code: 'HPE_INVALID_CONSTANT', at }
        return at
      } else {
        this.#start = 3
        return at
      }
      at += 1
    }
    return at
  }

  /** Lets llhttp read a piece. */
  #feed(chunk: Buffer, from: number): number {
    const to = Math.min(from + INPUT_BYTES, chunk.length)
    const engine = this.#engine
    const wasHeadDone = this.#isHeadDone
    this.#headShift = this.#earlier.length - engine.inputPtr
    this.#chunkShift = from - engine.inputPtr
    this.#gapFrom = engine.inputPtr
    this.#inputEnd = engine.inputPtr + to - from
    const code = engine.run(this, this.#ptr, { chunk, from, to })
    if (!wasHeadDone && this.#isHeadDone && this.fault === undefined) this.#readHead(chunk, from)
    if (code === 0) {
      if (!this.#isHeadDone) this.#keepHead(chunk, from, to)
      else if (this.isChunked) this.#countGap(this.#inputEnd)
      return to
    }
    const at = from + engine.stoppedAt(this.#ptr)
    if (code === PAUSED) {
      if (this.isChunked && !this.#countGap(engine.inputPtr + at - from)) this.isComplete = false
      return at
    }
    this.fault ??= { code: engine.errorName(code), at }
    if (!this.#isHeadDone) this.faultText = this.#earlier + chunk.toString('latin1', from, to)
    return at
  }

  /** The head goes on in the next piece. */
  #keepHead(chunk: Buffer, from: number, to: number): void {
    this.#earlier += chunk.toString('latin1', from, to)
    if (this.#earlier.length > this.#rules.maxHeadBytes)
      this.fault = { code: 'HPE_HEADER_OVERFLOW', at: to }
  }

  #readHead(chunk: Buffer, from: number): void {
    // One byte more than the parts of a head without fields: what stands behind the space behind the target.
    const rest = Math.max(0, this.#spans.end + 2 - this.#earlier.length)
    const text = this.#earlier + chunk.toString('latin1', from, from + rest)
    this.rawHeaders = this.#spans.fields(text)
    this.#earlier = ''
    this.hasHead = true
    if (this.type === 'request') this.#readRequestLine(text)
  }

  #readRequestLine(text: string): void {
    this.target = this.#spans.target(text)
    // llhttp skips any number of spaces around the target; a reader that does not would see another one.
    const { targetFrom, targetTo } = this.#spans
    if (targetFrom === this.method.length + 1 && text.charCodeAt(targetTo + 1) !== SPACE) return
    this.hasHead = false
    this.isComplete = false
    this.fault = { code: 'HPE_INVALID_URL', at: 0 }
  }

  #gatherBody(chunk: Buffer): void {
    const cuts = this.#cuts
    if (cuts.length === 0) return
    const [from = 0, to = 0] = cuts
    const { copiesBody } = this.#rules
    if (cuts.length > 2) this.body = joinedCuts(chunk, cuts)
    else if (copiesBody) this.body = Buffer.from(chunk.subarray(from, to))
    else this.body = chunk.subarray(from, to)
    cuts.length = 0
  }

  #cut(from: number, to: number): void {
    const cuts = this.#cuts
    const last = cuts.length - 1
    if (last > 0 && cuts[last] === from) cuts[last] = to
    else cuts.push(from, to)
  }

  /** Bytes between data up to `at` in the heap, beyond what every chunk needs. */
  #countGap(at: number): boolean {
    this.#gapBytes += at - this.#gapFrom
    this.#gapFrom = at
    const extra = this.#extraBytes + Math.max(0, this.#gapBytes - CHUNK_HEAD_BYTES)
    if (extra <= this.#rules.maxChunkExtraBytes) return true
    const code = this.#isInTrailer ? 'HPE_HEADER_OVERFLOW' : 'HPE_CHUNK_EXTENSIONS_OVERFLOW'
    this.fault ??= { code, at: at + this.#chunkShift }
    return false
  }

  #break(code: string): number {
    this.fault = { code, at: Math.max(0, this.headBytes - this.#headShift + this.#chunkShift) }
    return ABORT
  }

  // ---- llhttp ----

  onUrl(at: number, bytes: number): number {
    this.#spans.addTarget(at + this.#headShift, bytes)
    return 0
  }

  onField(at: number, bytes: number): number {
    if (this.#isHeadDone) return this.#onTrailerField(at, bytes)
    return this.#spans.addName(at + this.#headShift, bytes) ? 0 : this.#break('HPE_HEADER_OVERFLOW')
  }

  onValue(at: number, bytes: number): number {
    if (this.#isHeadDone) return this.#addTrailer(at, bytes, this.trailers.length % 2 === 0)
    this.#spans.addValue(at + this.#headShift, bytes)
    return 0
  }

  onHeadersComplete(status: number, isUpgrade: number, keepsAlive: number): number {
    const { heap } = this.#engine
    const ptr = this.#ptr
    const flags = heap[ptr + FLAGS_AT] ?? 0
    this.#isHeadDone = true
    this.headBytes = this.#spans.end + 4
    this.status = status
    this.isUpgrade = isUpgrade === 1
    this.shouldKeepAlive = keepsAlive === 1
    this.isChunked = (flags & CHUNKED) !== 0
    this.method = this.#engine.methods[heap[ptr + METHOD_AT] ?? 0] ?? ''
    this.httpVersion = versionText(heap[ptr + MAJOR_AT] ?? 0, heap[ptr + MINOR_AT] ?? 0)
    this.#gapFrom = this.headBytes - this.#headShift
    if (this.headBytes > this.#rules.maxHeadBytes) return this.#break('HPE_HEADER_OVERFLOW')
    if ((flags & HAS_LENGTH) !== 0) {
      const length = longAt(heap, ptr + CONTENT_LENGTH_AT)
      if (!Number.isSafeInteger(length)) return this.#break('HPE_INVALID_CONTENT_LENGTH')
      this.contentLength = length
      this.#left = length
    } else {
      // Where a body follows that is not chunked either; where none does, the message completes at once.
      this.isUntilClose = this.type === 'response' && !this.isChunked
    }
    return this.skipsBody || (this.type === 'response' && isBodilessStatus(status)) ? 1 : 0
  }

  onBody(at: number, bytes: number): number {
    const from = at + this.#chunkShift
    this.#cut(from, from + bytes)
    if (!this.isChunked) {
      this.#left -= bytes
      return 0
    }
    if (!this.#isInsideChunk) {
      if (!this.#countGap(at)) return ABORT
      this.#extraBytes += Math.max(0, this.#gapBytes - CHUNK_HEAD_BYTES)
    }
    this.#gapBytes = 0
    this.#gapFrom = at + bytes
    const isLast = at + bytes === this.#inputEnd
    this.#isInsideChunk = isLast && longAt(this.#engine.heap, this.#ptr + CONTENT_LENGTH_AT) > 0
    return 0
  }

  onMessageComplete(): number {
    this.isComplete = true
    this.isUntilClose = false
    return PAUSED
  }

  /** Trailers of answers are rare: each is read at once. */
  #onTrailerField(at: number, bytes: number): number {
    if (!this.#isInTrailer && !this.#countGap(at)) return ABORT
    this.#isInTrailer = true
    return this.#addTrailer(at, bytes, this.trailers.length % 2 === 1)
  }

  /** `goesOn`: the last name or value was cut by the end of a piece. */
  #addTrailer(at: number, bytes: number, goesOn: boolean): number {
    if (this.type === 'request') return 0
    const text = this.#engine.heap.toString('latin1', at, at + bytes)
    this.trailers.push(goesOn ? (this.trailers.pop() ?? '') + text : text)
    return 0
  }
}

function versionText(major: number, minor: number): string {
  if (major === 1) return minor === 1 ? '1.1' : '1.0'
  return `${major}.${minor}`
}

/** RFC 9112 section 6.3: these end with their head, whatever it says. */
function isBodilessStatus(status: number): boolean {
  return status < 200 || status === 204 || status === 304
}
