/** Frame types (RFC 9113 section 6). */
export const FRAME_TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

/** Flags of frames; ACK and END_STREAM are one bit, of different types. */
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const

/** Error codes (RFC 9113 section 7). */
export const H2_CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const

/** Bytes before the payload of a frame. */
export const HEAD_BYTES = 9
/** Longest payload of a frame, either way: what everybody takes (RFC 9113 section 4.2). */
export const MAX_PAYLOAD = 16_384
/** Largest window, and largest number of a stream. */
export const MAX_31_BITS = 0x7fff_ffff
/** Windows at the start (RFC 9113 section 6.9.2). */
export const FIRST_WINDOW = 65_535

/** The head of a frame as latin1, as everything that is sent here. */
export function frameHead(type: number, flags: number, { id, bytes }: Framed): string {
  return String.fromCharCode(
    bytes >> 16,
    (bytes >> 8) & 255,
    bytes & 255,
    type,
    flags,
    id >>> 24,
    (id >> 16) & 255,
    (id >> 8) & 255,
    id & 255,
  )
}

/** Which stream a frame is of, 0 for the connection, and the length of its payload. */
export interface Framed {
  readonly id: number
  readonly bytes: number
}

function u32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255)
}

/** RST_STREAM. */
export function resetFrame(id: number, code: number): string {
  return frameHead(FRAME_TYPE.reset, 0, { id, bytes: 4 }) + u32(code)
}

/** WINDOW_UPDATE; `id` 0: of the connection. */
export function windowFrame(id: number, bytes: number): string {
  return frameHead(FRAME_TYPE.windowUpdate, 0, { id, bytes: 4 }) + u32(bytes)
}

/** GOAWAY without debug data. */
export function goawayFrame(lastId: number, code: number): string {
  return frameHead(FRAME_TYPE.goaway, 0, { id: 0, bytes: 8 }) + u32(lastId) + u32(code)
}

/** PING, or the answer to one; `payload`: eight bytes. */
export function pingFrame(flags: number, payload: string): string {
  return frameHead(FRAME_TYPE.ping, flags, { id: 0, bytes: 8 }) + payload
}

/** SETTINGS: pairs of identifier and value, one after the other. */
export function settingsFrame(flags: number, pairs: readonly number[]): string {
  let payload = ''
  for (let i = 0; i + 1 < pairs.length; i += 2)
    payload += String.fromCharCode(0, pairs[i] ?? 0) + u32(pairs[i + 1] ?? 0)
  return frameHead(FRAME_TYPE.settings, flags, { id: 0, bytes: payload.length }) + payload
}

/** An unsigned number of four bytes. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x100_0000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  )
}
