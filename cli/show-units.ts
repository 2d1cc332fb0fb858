import type { FailureLimit, LimitKeyPart, PolicyRate } from '../src/base/units.ts'

const SPANS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const

const SIZES = [
  [1024 ** 3, 'gb'],
  [1024 ** 2, 'mb'],
  [1024, 'kb'],
] as const

/** Milliseconds in the largest unit that fits evenly: `15min`. */
export function showSpan(ms: number): string {
  const [size, unit] = SPANS.find(([size]) => ms >= size && ms % size === 0) ?? [1, 'ms']
  return `${ms / size}${unit}`
}

/** Bytes in the largest unit that fits evenly: `1mb`. */
export function showSize(bytes: number): string {
  const [size, unit] = SIZES.find(([size]) => bytes >= size && bytes % size === 0) ?? [1, 'b']
  return `${bytes / size}${unit}`
}

/** A rate as configurations write it: `20/s burst 100`. */
export function showRate({ count, windowMs, burst, kind = 'bucket' }: PolicyRate): string {
  const window = showSpan(windowMs).replace(/^1(?=[a-z])/, '')
  return `${kind === 'bucket' ? '' : `${kind} `}${count}/${window}${burst === count ? '' : ` burst ${burst}`}`
}

/** A failure limit as configurations write it: `10/5min ban 15min`. */
export function showFailures({ count, windowMs, banMs }: FailureLimit): string {
  return `${count}/${showSpan(windowMs).replace(/^1(?=[a-z])/, '')} ban ${showSpan(banMs)}`
}

/** What a limit counts by: `ip, body.email`. */
export function showKey(by: readonly LimitKeyPart[]): string {
  return by.map((part) => ('name' in part ? `${part.from}.${part.name}` : part.from)).join(', ')
}
