import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { connect } from 'node:tls'
import { eventually } from './edge-kit.ts'

/** Numbers of frame types (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rst: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const END_STREAM = 1
export const END_HEADERS = 4

/** One frame. */
export function frame(type: number, flags: number, id: number, payload: Buffer = EMPTY): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

const EMPTY = Buffer.alloc(0)

/** A number of four bytes, as the payload of RST_STREAM and WINDOW_UPDATE. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Fields as HPACK literals without indexing and without Huffman: nothing is checked on the way. */
export function literals(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0]),
      hpackLength(Buffer.byteLength(name, 'latin1')),
      Buffer.from(name, 'latin1'),
      hpackLength(Buffer.byteLength(value, 'latin1')),
      Buffer.from(value, 'latin1'),
    ]),
  )
}

/** RFC 7541 section 5.1, prefix of 7 bits. */
function hpackLength(length: number): Buffer {
  if (length < 127) return Buffer.from([length])
  const bytes = [127]
  let rest = length - 127
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

/** The fields of an honest request; `more` come after them. */
export function requestBlock(
  method = 'GET',
  more: readonly (readonly [name: string, value: string])[] = [],
): Buffer {
  return literals([
    [':method', method],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'localhost'],
    ...more,
  ])
}

/** A client of HTTP/2 that sends whatever frames it is told to, and keeps what comes. */
export class FrameClient {
  readonly socket: TLSSocket
  /** Error code of the last GOAWAY. */
  goaway: number | undefined = undefined
  /** Error codes of RST_STREAM by stream. */
  readonly resets: Map<number, number> = new Map()
  /** Streams that got a head. */
  readonly answered: Set<number> = new Set()
  isClosed = false
  /** Last stream of each GOAWAY. */
  readonly goaways: number[] = []
  /** Payloads of each PING. */
  readonly pings: Buffer[] = []
  /** SETTINGS that came, without acknowledgements. */
  settings = 0
  /** Bytes of content that came, by stream. */
  readonly content: Map<number, number> = new Map()
  /** Streams that came to their end. */
  readonly ended: Set<number> = new Set()
  /** What WINDOW_UPDATE gave, by stream. */
  readonly granted: Map<number, number> = new Map()
  /** Called for each DATA frame. */
  onData: () => void = () => {}
  #rest: Buffer = EMPTY

  constructor(t: TestContext, port: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    })
    this.socket.on('error', () => this.socket.destroy())
    this.socket.on('close', () => (this.isClosed = true))
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk))
    t.after(() => this.socket.destroy())
    this.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 0, 0))
  }

  write(...frames: Buffer[]): this {
    if (!this.isClosed) this.socket.write(Buffer.concat(frames))
    return this
  }

  /** Whether the server said that it will serve no more, or hung up. */
  get isEnded(): boolean {
    return this.isClosed || (this.goaway !== undefined && this.goaway !== 0)
  }

  /** Sends pieces until the server ends the connection, at most `count`. */
  async flood(count: number, piece: (index: number) => Buffer): Promise<void> {
    for (let i = 0; i < count && !this.isEnded; i += 50) {
      const batch = Array.from({ length: Math.min(50, count - i) }, (_, n) => piece(i + n))
      this.write(...batch)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await eventually(() => this.isEnded)
  }

  #take(chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest, chunk])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      this.#frame(rest[3] ?? 0, rest[4] ?? 0, rest.readUInt32BE(5), rest.subarray(9, end))
      rest = rest.subarray(end)
    }
    this.#rest = rest
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FRAME.goaway) {
      this.goaway = payload.readUInt32BE(4)
      this.goaways.push(payload.readUInt32BE(0))
    }
    if (type === FRAME.ping && (flags & 1) === 0) this.pings.push(Buffer.from(payload))
    if (type === FRAME.windowUpdate)
      this.granted.set(id, (this.granted.get(id) ?? 0) + payload.readUInt32BE(0))
    if (type === FRAME.data) this.content.set(id, (this.content.get(id) ?? 0) + payload.length)
    if ((type === FRAME.data || type === FRAME.headers) && (flags & END_STREAM) !== 0)
      this.ended.add(id)
    if (type === FRAME.rst) this.resets.set(id, payload.readUInt32BE(0))
    if (type === FRAME.data) this.onData()
    if (type === FRAME.headers) this.answered.add(id)
    if (type !== FRAME.settings || (flags & 1) !== 0) return
    this.settings += 1
    this.write(frame(FRAME.settings, 1, 0))
  }
}
