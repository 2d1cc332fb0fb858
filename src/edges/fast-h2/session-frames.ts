import { ClosedStreams } from './closed-streams.ts'
import { readSettings } from './client-settings.ts'
import type { SettingsTaker } from './client-settings.ts'
import { frameFault } from './frame-checks.ts'
import type { FrameReader, FrameSink } from './frame-reader.ts'
import {
  FIRST_WINDOW,
  FLAG,
  FRAME_TYPE,
  H2_CODE,
  HEAD_BYTES,
  pingFrame,
  readU32,
  resetFrame,
  settingsFrame,
  windowFrame,
} from './frames.ts'
import type { H2Stream } from './h2-stream.ts'
import { HeaderBlock } from './header-block.ts'
import { HeadMemory } from './head-memory.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import type { BlockLimits } from './hpack-decoder.ts'
import { areTrailers } from './request-fields.ts'
import type { RequestFields } from './request-fields.ts'
import type { SessionCounts } from './session-counts.ts'
import type { SessionOutput } from './session-output.ts'

/** Streams at once; the client is told so. */
export const MAX_STREAMS = 100
/** Content of all streams together that nobody took yet; above it, the client's connection waits. */
const MAX_KEPT_BYTES = 1_048_576
/** What this side says to find out that all before it was heard. */
export const ASKING = 'sallyprt'

/** The session whose frames come. */
export interface FrameHome {
  readonly output: SessionOutput
  readonly counts: SessionCounts
  /** Frames are wanted. */
  readonly takesFrames: boolean
  /** New requests are taken; else they are ignored, as GOAWAY said. */
  readonly takesRequests: boolean
  /** A request began. @returns its stream, which is open. */
  begin(id: number, fields: RequestFields, hasBody: boolean): void
  /** The client reset a stream, or had it reset. */
  clientReset(): void
  /** The client answered our PING: it has heard what came before. */
  heard(): void
  /** The connection cannot go on. */
  fail(code: number, detail: string): void
}

/** What the frames of one client mean: requests, their bodies, and the words about the connection (RFC 9113). */
export class SessionFrames implements FrameSink, SettingsTaker {
  readonly streams: Map<number, H2Stream> = new Map()
  /** Number of the last stream that the client opened. */
  lastId = 0
  /** The client has taken our settings. */
  isAcknowledged = false
  /** A block of fields of which not all has come. */
  block: HeaderBlock | undefined = undefined
  readonly #home: FrameHome
  readonly #closed = new ClosedStreams()
  readonly #decoder: HpackDecoder
  readonly #heads: HeadMemory
  #hasSettings = false
  /** Windows of new streams, of what the client takes. */
  #firstWindow = FIRST_WINDOW
  #window = FIRST_WINDOW
  #owedBytes = 0
  #keptBytes = 0

  constructor(home: FrameHome, limits: BlockLimits) {
    this.#home = home
    this.#decoder = new HpackDecoder(limits)
    this.#heads = new HeadMemory(this.#decoder)
  }

  get takesFrames(): boolean {
    return this.#home.takesFrames
  }

  /** What a new stream may be sent before the client says more. */
  get firstStreamWindow(): number {
    return this.#firstWindow
  }

  onFault(code: number): void {
    this.#home.fail(code, code === H2_CODE.frameSize ? 'frame too long' : 'no HTTP/2')
  }

  onFrame(frame: FrameReader): void {
    const fault = this.#isInOrder(frame) ? frameFault(frame) : H2_CODE.protocol
    if (fault !== undefined) return this.#home.fail(fault, `frame of type ${frame.type}`)
    const { type } = frame
    if (type === FRAME_TYPE.headers) this.#onHeaders(frame)
    else if (type === FRAME_TYPE.data) this.#onData(frame)
    else if (type === FRAME_TYPE.windowUpdate) this.#onWindowUpdate(frame)
    else if (type === FRAME_TYPE.continuation) this.#onContinuation(frame)
    else if (type === FRAME_TYPE.reset) this.#onReset(frame)
    else if (type === FRAME_TYPE.settings) this.#onSettings(frame)
    else if (type === FRAME_TYPE.ping) this.#onPing(frame)
    else if (type === FRAME_TYPE.priority) this.#onPriority(frame)
    else this.#countWhole(frame)
  }

  /** Section 3.4: SETTINGS come first. Section 6.10: nothing comes between the frames of a block. */
  #isInOrder({ type, flags, id }: FrameReader): boolean {
    if (!this.#hasSettings && (type !== FRAME_TYPE.settings || (flags & FLAG.ack) !== 0))
      return false
    if (this.block === undefined) return type !== FRAME_TYPE.continuation
    return type === FRAME_TYPE.continuation && id === this.block.id
  }

  #countWhole({ from, to, paddingBytes }: FrameReader): void {
    this.#home.counts.overhead(HEAD_BYTES + paddingBytes + to - from)
  }

  // ---- heads ----

  #onHeaders(frame: FrameReader): void {
    if (!frame.unpad()) return this.#home.fail(H2_CODE.protocol, 'padding')
    const { flags, id, bytes } = frame
    let isMisdirected = false
    if ((flags & FLAG.priority) !== 0) {
      if (frame.to - frame.from < 5) return this.#home.fail(H2_CODE.frameSize, 'priority')
      isMisdirected = dependsOn(bytes, frame.from) === id
      frame.from += 5
    }
    const isLast = (flags & FLAG.endStream) !== 0
    const block = new HeaderBlock(id, { isLast, isMisdirected })
    const { from, to, paddingBytes } = frame
    if (paddingBytes > 0) this.#home.counts.overhead(paddingBytes)
    if ((flags & FLAG.endHeaders) !== 0) return this.#onBlock(block, bytes, { from, to })
    this.block = block
    block.add(Buffer.from(bytes.subarray(from, to)))
  }

  #onContinuation({ flags, bytes, from, to }: FrameReader): void {
    const { block } = this
    if (block === undefined) return
    if (!block.add(Buffer.from(bytes.subarray(from, to))))
      return this.#home.fail(H2_CODE.calm, 'a head that does not end')
    if ((flags & FLAG.endHeaders) === 0) return
    this.block = undefined
    const whole = block.whole()
    this.#onBlock(block, whole, { from: 0, to: whole.length })
  }

  #onBlock(block: HeaderBlock, bytes: Buffer, place: Place): void {
    const { id } = block
    const stream = this.streams.get(id)
    if (stream !== undefined) return this.#onTrailers(stream, block, { bytes, place })
    if (id > this.lastId) return this.#onRequest(block, bytes, place)
    const kind = this.#closed.kindOf(id)
    if (kind === 'dropped') this.#skipBlock(bytes, place)
    else this.#home.fail(kind === 'ended' ? H2_CODE.streamClosed : H2_CODE.protocol, 'old stream')
  }

  /** Reads a block that nobody wants, because the next ones depend on it. */
  #skipBlock(bytes: Buffer, { from, to }: Place): boolean {
    this.#home.counts.overhead(HEAD_BYTES + to - from)
    if (this.#decoder.decode(bytes, from, to)) return true
    this.#home.fail(H2_CODE.compression, 'HPACK')
    return false
  }

  #onRequest(block: HeaderBlock, bytes: Buffer, { from, to }: Place): void {
    const { id, isLast, isMisdirected } = block
    const { counts } = this.#home
    const wireBytes = HEAD_BYTES + to - from
    if (!this.#home.takesRequests) {
      this.lastId = id
      this.#skipBlock(bytes, { from, to })
      return
    }
    const fields = this.#heads.read(bytes, from, to)
    if (fields === 'broken') return this.#home.fail(H2_CODE.compression, 'HPACK')
    this.lastId = id
    if (typeof fields === 'string') {
      counts.overhead(wireBytes)
      return this.#refuse(id, fields === 'malformed' ? H2_CODE.protocol : H2_CODE.calm)
    }
    const { headers, rawTarget, authority, bodyLength = 0 } = fields
    counts.head(wireBytes, headers.bytes + rawTarget.length + (authority?.length ?? 0))
    // Section 8.1.1: a length that is not kept is malformed.
    if (isMisdirected || (isLast && bodyLength > 0)) return this.#refuse(id, H2_CODE.protocol)
    if (this.streams.size >= MAX_STREAMS) return this.#refuse(id, H2_CODE.refused)
    this.#home.begin(id, fields, !isLast)
  }

  /** Resets a stream that never became a request. */
  #refuse(id: number, code: number): void {
    this.#closed.drop(id, FIRST_WINDOW)
    this.#home.output.send(resetFrame(id, code))
    this.#home.clientReset()
  }

  #onTrailers(stream: H2Stream, block: HeaderBlock, { bytes, place }: Fields): void {
    if (!this.#skipBlock(bytes, place)) return
    const { fields, isMalformed, isTooLarge } = this.#decoder
    if (stream.body.isWhole) return this.reset(stream, H2_CODE.streamClosed)
    if (isTooLarge) return this.reset(stream, H2_CODE.calm)
    const isRight = block.isLast && !block.isMisdirected && !isMalformed && areTrailers(fields)
    if (!isRight || !stream.body.isComplete) return this.reset(stream, H2_CODE.protocol)
    stream.body.end(fields)
  }

  // ---- bodies ----

  #onData(frame: FrameReader): void {
    const windowBytes = frame.to - frame.from
    const { id } = frame
    if (!frame.unpad()) return this.#home.fail(H2_CODE.protocol, 'padding')
    this.#window -= windowBytes
    if (this.#window < 0) return this.#home.fail(H2_CODE.flowControl, 'window of the connection')
    const bytes = frame.to - frame.from
    const isLast = (frame.flags & FLAG.endStream) !== 0
    const emptyBytes = bytes === 0 && !isLast ? HEAD_BYTES : 0
    if (emptyBytes + frame.paddingBytes > 0)
      this.#home.counts.overhead(emptyBytes + frame.paddingBytes)
    const stream = this.streams.get(id)
    if (stream === undefined) return this.#onLateData(id, windowBytes)
    this.#owe(windowBytes)
    const fault = stream.body.isWhole ? 'closed' : stream.body.check(windowBytes, bytes, isLast)
    if (fault !== undefined) return this.reset(stream, DATA_FAULTS[fault])
    const isTaken = bytes === 0 || stream.body.add(frame.bytes.subarray(frame.from, frame.to))
    if (!isTaken) this.#keptBytes += bytes
    this.#giveBack(stream, isTaken ? windowBytes : windowBytes - bytes)
    if (isLast && this.streams.get(id) === stream) stream.body.end(undefined)
  }

  #onLateData(id: number, windowBytes: number): void {
    if (id > this.lastId) return this.#home.fail(H2_CODE.protocol, 'idle stream')
    const isUnderWay = this.#closed.kindOf(id) === 'dropped' && this.#closed.take(id, windowBytes)
    if (isUnderWay) return this.#owe(windowBytes)
    // What is ignored since the last GOAWAY is not given back either: it ends with the window of the connection.
    if (this.#home.takesRequests) this.#home.fail(H2_CODE.streamClosed, 'old stream')
  }

  /** Content that was kept is taken, or dropped. */
  taken(stream: H2Stream, bytes: number): void {
    this.#keptBytes -= bytes
    this.#giveBack(stream, bytes)
    this.#owe(0)
  }

  #giveBack(stream: H2Stream, bytes: number): void {
    const granted = bytes === 0 ? 0 : stream.owe(bytes)
    if (granted > 0) this.#home.output.send(windowFrame(stream.id, granted))
  }

  /** The window of the connection is opened again as content comes, unless too much of it waits. */
  #owe(bytes: number): void {
    this.#owedBytes += bytes
    if (this.#owedBytes < FIRST_WINDOW >> 1 || this.#keptBytes > MAX_KEPT_BYTES) return
    this.#window += this.#owedBytes
    this.#home.output.send(windowFrame(0, this.#owedBytes))
    this.#owedBytes = 0
  }

  // ---- the ends of streams ----

  /** Ends a stream because of what its client did. */
  reset(stream: H2Stream, code: number): void {
    this.over(stream, code)
    this.#home.clientReset()
    stream.lost()
  }

  /** A stream is over; `code`: the client is told so. */
  over(stream: H2Stream, code: number | undefined): void {
    const { id } = stream
    if (!this.streams.delete(id)) return
    if (code === undefined) return this.#closed.end(id)
    this.#closed.drop(id, stream.body.isWhole ? 0 : FIRST_WINDOW)
    this.#home.output.send(resetFrame(id, code))
  }

  #onReset(frame: FrameReader): void {
    const { id } = frame
    this.#countWhole(frame)
    if (id > this.lastId) return this.#home.fail(H2_CODE.protocol, 'idle stream')
    const stream = this.streams.get(id)
    if (stream === undefined) return
    this.streams.delete(id)
    this.#closed.end(id)
    this.#home.clientReset()
    stream.lost()
  }

  // ---- words about the connection ----

  #onWindowUpdate(frame: FrameReader): void {
    const { id, bytes, from } = frame
    this.#countWhole(frame)
    const more = readU32(bytes, from) & 0x7fff_ffff
    if (id === 0) {
      if (more === 0) return this.#home.fail(H2_CODE.protocol, 'window')
      if (!this.#home.output.grant(more)) this.#home.fail(H2_CODE.flowControl, 'window')
      return
    }
    if (id > this.lastId) return this.#home.fail(H2_CODE.protocol, 'idle stream')
    const stream = this.streams.get(id)
    if (stream === undefined) return
    if (more === 0) this.reset(stream, H2_CODE.protocol)
    else if (!stream.grant(more)) this.reset(stream, H2_CODE.flowControl)
  }

  #onSettings(frame: FrameReader): void {
    const { flags, bytes, from, to } = frame
    this.#countWhole(frame)
    if ((flags & FLAG.ack) !== 0) {
      this.isAcknowledged = true
      return
    }
    if (this.#hasSettings) this.#home.counts.settings()
    this.#hasSettings = true
    const fault = readSettings(bytes, { from, to }, this)
    if (fault === undefined) this.#home.output.send(settingsFrame(FLAG.ack, []))
    else this.#home.fail(fault, 'settings')
  }

  tableSize(bytes: number): void {
    this.#home.output.encoder.allow(bytes)
  }

  firstWindow(bytes: number): boolean {
    const difference = bytes - this.#firstWindow
    this.#firstWindow = bytes
    for (const stream of this.streams.values()) if (!stream.resize(difference)) return false
    return true
  }

  #onPing(frame: FrameReader): void {
    const { flags, bytes, from, to } = frame
    const payload = bytes.toString('latin1', from, to)
    this.#countWhole(frame)
    if ((flags & FLAG.ack) !== 0 && payload === ASKING) return this.#home.heard()
    this.#home.counts.ping()
    if ((flags & FLAG.ack) === 0) this.#home.output.send(pingFrame(FLAG.ack, payload))
  }

  /** Section 5.3.2: priorities mean nothing any more; a stream that depends on itself is still a fault. */
  #onPriority(frame: FrameReader): void {
    this.#countWhole(frame)
    const { id } = frame
    if (dependsOn(frame.bytes, frame.from) !== id) return
    const stream = this.streams.get(id)
    if (stream === undefined) this.#home.fail(H2_CODE.protocol, 'priority')
    else this.reset(stream, H2_CODE.protocol)
  }
}

interface Place {
  readonly from: number
  readonly to: number
}

interface Fields {
  readonly bytes: Buffer
  readonly place: Place
}

const DATA_FAULTS = {
  closed: H2_CODE.streamClosed,
  window: H2_CODE.flowControl,
  length: H2_CODE.protocol,
} as const

function dependsOn(bytes: Buffer, at: number): number {
  return readU32(bytes, at) & 0x7fff_ffff
}
