const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const FORM = /^([A-Z][a-z]{2}), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/

/** Writes milliseconds since 1970 as IMF-fixdate, whole seconds (RFC 9110 section 5.6.7). */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString()
}

/**
 * Reads an IMF-fixdate; the two obsolete forms are refused.
 * @returns milliseconds since 1970, or `undefined` when malformed, including a weekday that is not that day's.
 */
export function parseHttpDate(text: string): number | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [, day = '', date = '', month = '', year = '', hour = '', minute = '', second = ''] = match
  const monthIndex = MONTHS.indexOf(month)
  if (monthIndex < 0) return undefined
  const time = new Date(0)
  time.setUTCFullYear(Number(year), monthIndex, Number(date))
  time.setUTCHours(Number(hour), Number(minute), Number(second))
  const timeMs = time.getTime()
  // Comparing with what it writes back refuses 31 February, hour 25 and the wrong weekday at once.
  return DAYS.includes(day) && formatHttpDate(timeMs) === text ? timeMs : undefined
}
