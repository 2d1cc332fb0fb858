const MILLIS: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** Makes a formatter for RFC 3339 UTC with milliseconds that writes each second's part only once. */
export function createTimestamps(): (ms: number) => string {
  let second = Number.NaN
  let prefix = ''
  return (ms) => {
    const whole = Math.floor(ms / 1000)
    if (whole !== second) {
      prefix = new Date(whole * 1000).toISOString().slice(0, 20)
      second = whole
    }
    return `${prefix}${MILLIS[Math.floor(ms - whole * 1000)] ?? '000'}Z`
  }
}

/** Milliseconds as a decimal with microseconds, such as `12.345`; 0 for what is not a positive number. */
export function milliseconds(ms: number): string {
  if (!(ms > 0) || ms > 1e12) return '0'
  const micros = Math.round(ms * 1000)
  const whole = Math.floor(micros / 1000)
  return `${whole}.${MILLIS[micros - whole * 1000] ?? '000'}`
}
