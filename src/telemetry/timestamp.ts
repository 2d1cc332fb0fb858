import { inOnePiece } from '../base/one-piece.ts'

const MILLIS: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** Makes a formatter for RFC 3339 UTC with milliseconds that writes each second's part, and a moment, only once. */
export function createTimestamps(): (ms: number) => string {
  let second = Number.NaN
  let prefix = ''
  let lastMs = Number.NaN
  let last = ''
  return (ms) => {
    if (ms === lastMs) return last
    const whole = Math.floor(ms / 1000)
    if (whole !== second) {
      prefix = new Date(whole * 1000).toISOString().slice(0, 20)
      second = whole
    }
    lastMs = ms
    last = inOnePiece(`${prefix}${MILLIS[Math.floor(ms - whole * 1000)] ?? '000'}Z`)
    return last
  }
}

/** Microseconds in a number of milliseconds, whole; 0 for what is not a positive number. */
export function microseconds(ms: number): number {
  return ms > 0 && ms <= 1e12 ? Math.round(ms * 1000) : 0
}

/** Parts of durations that are below this are looked up. */
const FEW = 1000
const WHOLES: readonly string[] = Array.from({ length: FEW }, (_, i) => String(i))
const THOUSANDS: readonly string[] = MILLIS.map((digits) => inOnePiece(`${digits}000`))

/**
 * Makes a writer of whole microseconds as milliseconds, such as `12.345`, behind `before`. What stands before the point
 * is written once for each number, while it is small.
 */
export function createMilliseconds(before: string): (micros: number) => string {
  const beginnings = WHOLES.map((whole) => inOnePiece(`${before}${whole}.`))
  return (micros) => {
    const whole = Math.floor(micros / 1000)
    return (beginnings[whole] ?? `${before}${whole}.`) + (MILLIS[micros - whole * 1000] ?? '000')
  }
}

/** Whole microseconds as nanoseconds. The engine has a table of small numbers; larger ones it would have to write. */
export function nanoseconds(micros: number): string {
  const whole = Math.floor(micros / 1000)
  if (whole === 0) return micros === 0 ? '0' : `${WHOLES[micros] ?? micros}000`
  return (WHOLES[whole] ?? String(whole)) + (THOUSANDS[micros - whole * 1000] ?? '000000')
}
