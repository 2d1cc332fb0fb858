import type { KongPlugin } from './kong-file.ts'

/** So many calls in so many seconds. */
export interface KongRate {
  readonly count: number
  readonly seconds: number
}

const WINDOWS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  year: 31_536_000,
}

/** The rates of a plugin `rate-limiting` or `rate-limiting-advanced`, shortest window first. */
export function ratesOf({ config }: KongPlugin): readonly KongRate[] {
  const { limit, window_size: sizes } = config
  const pairs =
    Array.isArray(limit) && Array.isArray(sizes)
      ? limit.map((count: unknown, index): [unknown, unknown] => [count, sizes[index]])
      : Object.entries(WINDOWS).map(([name, seconds]): [unknown, unknown] => [
          config[name],
          seconds,
        ])
  return pairs
    .flatMap(([count, seconds]) =>
      typeof count === 'number' && typeof seconds === 'number' && count > 0 && seconds > 0
        ? [{ count, seconds }]
        : [],
    )
    .toSorted((a, b) => a.seconds - b.seconds)
}

const UNITS: readonly [seconds: number, unit: string][] = [
  [2_592_000, 'month'],
  [86_400, 'day'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]

/**
 * One bucket that is never wider than any of the rates: as quick as the slowest of them, as much at once as the smallest.
 */
export function narrowest(rates: readonly KongRate[]): string {
  const slowest = rates.reduce((a, b) => (b.count / b.seconds < a.count / a.seconds ? b : a))
  const burst = Math.min(...rates.map(({ count }) => count))
  return `${rateText(slowest)} burst ${burst}`
}

/** The rates of a plan; a window of an hour and longer is a quota there. */
export function planTexts(rates: readonly KongRate[]): readonly string[] {
  return rates.map((rate) =>
    rate.seconds < 3600 ? `${rateText(rate)} burst ${rate.count}` : rateText(rate),
  )
}

function rateText({ count, seconds }: KongRate): string {
  // Nothing is longer than a month: a year is cut into twelve.
  if (seconds > 2_592_000) return `${Math.max(1, Math.floor((count * 2_592_000) / seconds))}/month`
  const [size, unit] = UNITS.find(([one]) => seconds % one === 0) ?? [1, 's']
  const times = Math.round(seconds / size)
  return `${count}/${times === 1 ? '' : times}${unit}`
}
