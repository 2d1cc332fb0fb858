import { FLAG, FRAME_TYPE, H2_CODE } from './frames.ts'
import type { FrameReader } from './frame-reader.ts'

/** Of a frame type: whether it is of the connection, of a stream, or of either, and the length of its payload. */
interface Shape {
  readonly of: 'connection' | 'stream' | 'either'
  readonly isLength: (bytes: number) => boolean
}

const anyLength = (): boolean => true
const exactly =
  (expected: number) =>
  (bytes: number): boolean =>
    bytes === expected

const SHAPES: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [FRAME_TYPE.data, { of: 'stream', isLength: anyLength }],
  [FRAME_TYPE.headers, { of: 'stream', isLength: anyLength }],
  [FRAME_TYPE.priority, { of: 'stream', isLength: exactly(5) }],
  [FRAME_TYPE.reset, { of: 'stream', isLength: exactly(4) }],
  [FRAME_TYPE.settings, { of: 'connection', isLength: (bytes) => bytes % 6 === 0 }],
  [FRAME_TYPE.ping, { of: 'connection', isLength: exactly(8) }],
  [FRAME_TYPE.goaway, { of: 'connection', isLength: (bytes) => bytes >= 8 }],
  [FRAME_TYPE.windowUpdate, { of: 'either', isLength: exactly(4) }],
  [FRAME_TYPE.continuation, { of: 'stream', isLength: anyLength }],
])

/**
 * Whether a frame has the form of its type (RFC 9113 section 6). All of its faults end the connection, also where a
 * stream error would do: no honest client makes them.
 * @returns the code to end it with.
 */
export function frameFault({ type, flags, id, from, to }: FrameReader): number | undefined {
  const shape = SHAPES.get(type)
  // Section 8.4: clients push nothing. Section 5.5: what is not known is ignored.
  if (shape === undefined) return type === FRAME_TYPE.push ? H2_CODE.protocol : undefined
  if (shape.of !== 'either' && (id === 0) !== (shape.of === 'connection')) return H2_CODE.protocol
  // Section 5.1.1: no stream of ours has a number that the client could name.
  if (id !== 0 && id % 2 === 0) return H2_CODE.protocol
  if (!shape.isLength(to - from)) return H2_CODE.frameSize
  const isAck = type === FRAME_TYPE.settings && (flags & FLAG.ack) !== 0
  return isAck && to > from ? H2_CODE.frameSize : undefined
}
