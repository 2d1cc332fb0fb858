import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The wall clock of other processes, as if somebody had set the one of the machine. */
export interface ShiftedClock {
  /** For `NODE_OPTIONS` of such a process; its worker threads follow as well. */
  readonly nodeOptions: string
  /** How far it is ahead of the machine's from here on, in milliseconds; known within 20 ms. */
  shift(ms: number): void
}

const PRELOAD = (file: string): string => `
import { readFileSync } from 'node:fs'
const real = Date.now
let [readAt, shiftMs] = [0, 0]
Date.now = () => {
  const now = real()
  if (now - readAt > 20) [readAt, shiftMs] = [now, Number(readFileSync(${JSON.stringify(file)}, 'utf8'))]
  return now + shiftMs
}
`

/** Makes such a clock; `folder` is where it is kept. */
export function shiftedClock(folder: string): ShiftedClock {
  const [file, preload] = [join(folder, 'shift'), join(folder, 'shift.mjs')]
  const shift = (ms: number): void => {
    writeFileSync(`${file}.new`, String(ms))
    renameSync(`${file}.new`, file)
  }
  shift(0)
  writeFileSync(preload, PRELOAD(file))
  return { nodeOptions: `--import=${preload}`, shift }
}
