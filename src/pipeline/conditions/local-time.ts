/** Offsets from UTC change at such moments only (ISO 8601 time zones, IANA database). */
const STEP_MS = 15 * 60_000

/** What a clock on the wall of some place shows, by the names that CEL gives it. */
const PARTS: Readonly<Record<string, (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
}

/**
 * Makes the reader of one part of the time at a place. The zone is looked at once in a quarter of an hour: asking the
 * system takes longer than all other rules of a request.
 * @param zone of the IANA database, or an offset such as `+02:00`; `undefined`: UTC.
 * @returns `undefined` where there is no such part, or no such zone.
 */
export function localPart(
  name: string,
  zone: string | undefined,
): ((nowMs: number) => number) | undefined {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
  if (part === undefined) return undefined
  if (zone === undefined) return (nowMs) => part(new Date(nowMs))
  const offsetAt = offsetReader(zone)
  return offsetAt && ((nowMs) => part(new Date(nowMs + offsetAt(nowMs))))
}

function offsetReader(zone: string): ((nowMs: number) => number) | undefined {
  const format = formatOf(zone)
  if (format === undefined) return undefined
  let step = Number.NaN
  let offset = 0
  return (nowMs) => {
    const now = Math.floor(nowMs / STEP_MS)
    if (now !== step) {
      offset = offsetOf(format, now * STEP_MS)
      step = now
    }
    return offset
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    // No such zone.
    return undefined
  }
}

/** @param atMs whole seconds, so that what the clock shows is exact. */
function offsetOf(format: Intl.DateTimeFormat, atMs: number): number {
  const shown = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]))
  const part = (type: string): number => shown.get(type as Intl.DateTimeFormatPartTypes) ?? 0
  const local = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return local - atMs
}
