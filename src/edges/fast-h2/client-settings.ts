import { H2_CODE, MAX_31_BITS, MAX_PAYLOAD, readU32 } from './frames.ts'

/** Values in one frame; there are seven that mean something. */
const MAX_SETTINGS = 32
const SETTING_BYTES = 6
const LARGEST_FRAME = 16_777_215

const ID = { tableSize: 1, push: 2, maxStreams: 3, window: 4, frameSize: 5 } as const

/** Who takes the values that matter to a server. */
export interface SettingsTaker {
  /** SETTINGS_HEADER_TABLE_SIZE. */
  tableSize(bytes: number): void
  /** SETTINGS_INITIAL_WINDOW_SIZE. @returns false where a window would become larger than there can be. */
  firstWindow(bytes: number): boolean
}

/**
 * Reads the payload of SETTINGS and hands on what matters (RFC 9113 section 6.5). Frames are never longer than everybody
 * takes, whatever more is offered; nothing is pushed.
 * @returns the code to end the connection with, where a value is none.
 */
export function readSettings(
  bytes: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
  taker: SettingsTaker,
): number | undefined {
  if (to - from > MAX_SETTINGS * SETTING_BYTES) return H2_CODE.calm
  for (let at = from; at < to; at += SETTING_BYTES) {
    const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    const fault = takeSetting(id, readU32(bytes, at + 2), taker)
    if (fault !== undefined) return fault
  }
  return undefined
}

function takeSetting(id: number, value: number, taker: SettingsTaker): number | undefined {
  if (id === ID.tableSize) {
    taker.tableSize(value)
    return undefined
  }
  if (id === ID.push) return value > 1 ? H2_CODE.protocol : undefined
  if (id === ID.frameSize)
    return value < MAX_PAYLOAD || value > LARGEST_FRAME ? H2_CODE.protocol : undefined
  if (id !== ID.window) return undefined
  return value > MAX_31_BITS || !taker.firstWindow(value) ? H2_CODE.flowControl : undefined
}
