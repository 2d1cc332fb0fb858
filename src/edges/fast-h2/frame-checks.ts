import { FLAG, FRAME_TYPE, H2_CODE } from './frames.ts'
import type { FrameReader } from './frame-reader.ts'

/** Of a frame type: whether it is of the connection, of a stream, or of either, and which payloads it may have. */
interface Shape {
  readonly of: 'connection' | 'stream' | 'either'
  readonly leastBytes: number
  readonly mostBytes: number
  /** Payloads have a multiple of these. */
  readonly unitBytes: number
}

function shape(of: Shape['of'], leastBytes: number, mostBytes = leastBytes, unitBytes = 1): Shape {
  return { of, leastBytes, mostBytes, unitBytes }
}

/** By the type. */
const SHAPES: readonly (Shape | undefined)[] = shapes(
  new Map([
    [FRAME_TYPE.data, shape('stream', 0, Infinity)],
    [FRAME_TYPE.headers, shape('stream', 0, Infinity)],
    [FRAME_TYPE.priority, shape('stream', 5)],
    [FRAME_TYPE.reset, shape('stream', 4)],
    [FRAME_TYPE.settings, shape('connection', 0, Infinity, 6)],
    [FRAME_TYPE.ping, shape('connection', 8)],
    [FRAME_TYPE.goaway, shape('connection', 8, Infinity)],
    [FRAME_TYPE.windowUpdate, shape('either', 4)],
    [FRAME_TYPE.continuation, shape('stream', 0, Infinity)],
  ]),
)

function shapes(known: ReadonlyMap<number, Shape>): readonly (Shape | undefined)[] {
  return Array.from({ length: 256 }, (_, type) => known.get(type))
}

/**
 * Whether a frame has the form of its type (RFC 9113 section 6). All of its faults end the connection, also where a
 * stream error would do: no honest client makes them.
 * @returns the code to end it with.
 */
export function frameFault({ type, flags, id, from, to }: FrameReader): number | undefined {
  const form = SHAPES[type]
  // Section 8.4: clients push nothing. Section 5.5: what is not known is ignored.
  if (form === undefined) return type === FRAME_TYPE.push ? H2_CODE.protocol : undefined
  if (form.of !== 'either' && (id === 0) !== (form.of === 'connection')) return H2_CODE.protocol
  // Section 5.1.1: no stream of ours has a number that the client could name.
  if (id !== 0 && id % 2 === 0) return H2_CODE.protocol
  const bytes = to - from
  if (bytes < form.leastBytes || bytes > form.mostBytes || bytes % form.unitBytes !== 0)
    return H2_CODE.frameSize
  const isAck = type === FRAME_TYPE.settings && (flags & FLAG.ack) !== 0
  return isAck && bytes > 0 ? H2_CODE.frameSize : undefined
}
