import type { KnownAnswers } from './known-answers.ts'
import type { LlhttpParser, ParserRules } from './llhttp.ts'
import { acquireParser, releaseParser } from './parser-pool.ts'

/** Largest response head taken from an upstream. */
const HEAD_BYTES = 32_768
/** Chunk extensions of an answer together, and its trailer section: nobody reads them. */
const CHUNK_EXTRA_BYTES = 16_384
/** Informational responses taken before the final one; more is a flood. */
const MAX_INFORMATIONAL = 16

/** What hears of an answer as it comes; the end is told by the reader's state. */
export interface AnswerSink {
  /** The final head; 1xx are swallowed. */
  answerHead(status: number, rawHeaders: readonly string[]): void
  /** @returns true when the bytes are not needed any more: their memory may be written over. */
  answerData(chunk: Buffer): boolean
}

const RULES: ParserRules = {
  maxHeadBytes: HEAD_BYTES,
  maxChunkExtraBytes: CHUNK_EXTRA_BYTES,
  copiesBody: false,
}

/** Who takes the pieces of a body. */
interface Taker {
  readonly sink: AnswerSink
  /** See `feed`. */
  readonly isGiven: boolean
}

/** What the fields of a head say about its framing. */
interface Framing {
  lengths: number
  isLengthOdd: boolean
  hasContent: boolean
  codings: number
  isCodingOdd: boolean
  upgrade: string
  keepAlive: string
}

/**
 * Reads answers from one connection, one after the other: llhttp without any lenient flag, and rules of our own for
 * what it lets pass [OUT-08]. Owns a parser until `close`.
 */
export class AnswerReader {
  /** `whole`: the answer has ended. `switched`: so has HTTP. `broken`: nothing that follows can be trusted. */
  state: 'open' | 'whole' | 'switched' | 'broken' = 'whole'
  /** Why it is broken. */
  fault = ''
  /** Both sides agree where the answer ended and that the connection stays. */
  isReusable = false
  /** How long the upstream promises to keep the connection when it is idle; `undefined`: it said nothing. */
  keepAliveMs: number | undefined = undefined
  /** Fields of a switch of protocols. */
  switchHeaders: readonly string[] = []
  /** The sink still needs the memory of the chunk that was fed last. */
  isKept = false
  /** What came behind the chunks of a whole answer, as a flat list. */
  trailers: readonly string[] | undefined = undefined
  readonly #parser: LlhttpParser = acquireParser('response', RULES)
  #method = ''
  #upgrade: string | undefined = undefined
  #informational = 0
  readonly #known: KnownAnswers
  /** Nothing of the answer came yet. */
  #isNew = false
  /** Bytes of a body that are still to come, behind a head that no parser has seen; below 0: a parser reads. */
  #left = -1

  /** `known`: heads that came from the same origin. */
  constructor(known: KnownAnswers) {
    this.#known = known
  }

  /** Ready for the answer to a request with this method, which asked to switch to `upgrade`. */
  begin(method: string, upgrade: string | undefined): void {
    this.state = 'open'
    this.isReusable = false
    this.#method = method
    this.#upgrade = upgrade
    this.#informational = 0
    this.trailers = undefined
    this.#isNew = true
    this.#left = -1
  }

  /**
   * Takes what came. The sink must not call back into the reader. `isGiven`: pieces of the body may lie in the chunk
   * itself, which is not written over; else they are copied.
   * @returns how many bytes belong to the answer; the rest follows its end.
   */
  feed(chunk: Buffer, sink: AnswerSink, isGiven = false): number {
    this.isKept = false
    if (this.state !== 'open') return 0
    const isNew = this.#isNew
    if (isNew) {
      this.#isNew = false
      const at = this.#takeKnown(chunk, sink)
      if (at > 0) return this.#count(chunk, at, { sink, isGiven })
      this.#next()
    } else if (this.#left >= 0) return this.#count(chunk, 0, { sink, isGiven })
    return this.#parse(chunk, { sink, isGiven }, isNew)
  }

  /** The head, if it is like one before. @returns its bytes. */
  #takeKnown(chunk: Buffer, sink: AnswerSink): number {
    const known = this.#known
    // What was asked for decides too how an answer is read.
    if (this.#method === 'HEAD' || this.#upgrade !== undefined) return 0
    const bytes = known.read(chunk)
    if (bytes === 0) return 0
    this.isReusable = known.isReusable
    this.keepAliveMs = known.keepAliveMs
    this.#left = known.length
    sink.answerHead(known.status, known.rawHeaders)
    return bytes
  }

  /** A body with a length needs no parser. */
  #count(chunk: Buffer, from: number, taker: Taker): number {
    const to = Math.min(chunk.length, from + this.#left)
    this.#left -= to - from
    if (to > from) this.#hand(chunk.subarray(from, to), chunk, taker)
    if (this.#left === 0) this.state = 'whole'
    return to
  }

  #hand(body: Buffer, chunk: Buffer, { sink, isGiven }: Taker): void {
    const isInside = body.buffer === chunk.buffer
    if (isInside && !isGiven) sink.answerData(Buffer.from(body))
    else if (!sink.answerData(body) && isInside) this.isKept = true
  }

  /** `isNew`: the answer begins with this piece. */
  #parse(chunk: Buffer, taker: Taker, isNew: boolean): number {
    const parser = this.#parser
    let at = 0
    while (this.state === 'open') {
      const from = at
      at = parser.execute(chunk, at)
      if (parser.hasHead) {
        if (!this.#takeHead(taker.sink)) return at
        if (isNew && from === 0) this.#learn(chunk)
      }
      const { body } = parser
      if (body !== undefined) this.#hand(body, chunk, taker)
      if (parser.fault !== undefined) this.#break(parser.fault.code)
      else if (!parser.isComplete) return at
      else if (parser.status === 101) this.state = 'switched'
      else if (parser.status >= 200) {
        this.state = 'whole'
        if (parser.trailers.length > 0) this.trailers = parser.trailers
      } else this.#next()
      if (at === chunk.length) return at
    }
    return at
  }

  /** The other side sends no more. */
  finish(): void {
    if (this.state !== 'open') return
    this.isReusable = false
    const isParsed = !this.#isNew && this.#left < 0
    if (isParsed && this.#parser.finish() === 'complete') this.state = 'whole'
    else this.#break('the connection was closed before the answer ended')
  }

  /** Gives the parser back. Not from within `feed`. */
  close(): void {
    releaseParser(this.#parser)
  }

  #next(): void {
    this.#parser.next(RULES)
    this.#parser.skipsBody = this.#method === 'HEAD'
  }

  #break(fault: string): void {
    this.state = 'broken'
    this.fault = fault
    this.isReusable = false
  }

  /** @returns false when it broke. */
  #takeHead(sink: AnswerSink): boolean {
    const { status, httpVersion, rawHeaders, shouldKeepAlive } = this.#parser
    const framing = readFraming(rawHeaders)
    const fault =
      versionFault(httpVersion, framing) ?? framingFault(framing) ?? this.#statusFault(framing)
    if (fault !== undefined) {
      this.#break(fault)
      return false
    }
    if (status === 101) this.switchHeaders = rawHeaders
    if (status < 200) return true
    // RFC 9110 section 8.6: no length in a 204; who says one may send one.
    const isOdd = status === 204 && framing.hasContent
    this.isReusable = shouldKeepAlive && !isOdd && this.#upgrade === undefined
    this.keepAliveMs = keepAliveMs(framing.keepAlive)
    sink.answerHead(status, rawHeaders)
    return true
  }

  /** What stood at the beginning of a piece, if its body has a length. */
  #learn(chunk: Buffer): void {
    const { status, rawHeaders, headBytes, contentLength, isChunked } = this.#parser
    const isBodied = status >= 200 && status !== 204 && status !== 304 && this.#method !== 'HEAD'
    if (!isBodied || contentLength === undefined || isChunked || this.#upgrade !== undefined) return
    const { isReusable, keepAliveMs } = this
    this.#known.learn(chunk, headBytes, { status, rawHeaders, isReusable, keepAliveMs })
  }

  #statusFault(framing: Framing): string | undefined {
    const { status, isUpgrade } = this.#parser
    // RFC 9110 section 15: a status outside of 100 to 599 is invalid.
    if (status < 100 || status > 599) return 'the status is none'
    if (status >= 200) return undefined
    if (framing.lengths + framing.codings > 0) return 'an informational answer with a body'
    if (status === 101) {
      return isUpgrade && framing.upgrade.toLowerCase() === this.#upgrade?.toLowerCase()
        ? undefined
        : 'a switch of protocols that was not asked for'
    }
    this.#informational += 1
    return this.#informational > MAX_INFORMATIONAL ? 'a flood of informational answers' : undefined
  }
}

function readFraming(rawHeaders: readonly string[]): Framing {
  const found: Framing = {
    lengths: 0,
    isLengthOdd: false,
    hasContent: false,
    codings: 0,
    isCodingOdd: false,
    upgrade: '',
    keepAlive: '',
  }
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // Four lengths out of many: most names are not even lower-cased.
    switch (name.length) {
      case 7:
      case 10:
      case 14:
      case 17:
        readField(found, name.toLowerCase(), rawHeaders[index + 1] ?? '')
    }
  }
  return found
}

function readField(found: Framing, name: string, value: string): void {
  if (name === 'content-length') {
    found.lengths += 1
    found.isLengthOdd ||= !/^\d{1,15}$/.test(value)
    found.hasContent ||= Number(value) > 0
  } else if (name === 'transfer-encoding') {
    found.codings += 1
    found.isCodingOdd ||= value.toLowerCase() !== 'chunked'
    found.hasContent = true
  } else if (name === 'upgrade') found.upgrade = value
  else if (name === 'keep-alive') found.keepAlive = value
}

function versionFault(version: string, { codings }: Framing): string | undefined {
  if (version === '1.1') return undefined
  if (version !== '1.0') return 'the version is neither 1.0 nor 1.1'
  // RFC 9112 section 6.1: a transfer coding in a message of HTTP/1.0 is faulty framing.
  return codings > 0 ? 'a transfer coding in HTTP/1.0' : undefined
}

function framingFault({ lengths, isLengthOdd, codings, isCodingOdd }: Framing): string | undefined {
  if (lengths > 1 || isLengthOdd) return 'the length is not one number'
  if (codings > 1 || isCodingOdd) return 'a transfer coding that was not asked for'
  return lengths + codings > 1 ? 'a length and a transfer coding' : undefined
}

/** `timeout` of `Keep-Alive` (RFC 2068 section 19.7.1, seconds). */
function keepAliveMs(value: string): number | undefined {
  if (value === '') return undefined
  const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9})/i.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
