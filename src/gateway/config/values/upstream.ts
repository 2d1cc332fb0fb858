import { ConfigError } from '../../../base/config-error.ts'
import type { BreakerLimits } from '../../core.ts'
import { showValue } from '../report.ts'

/** CONTROLS RLM-06: failures are counted over 10 s, an open breaker waits 15 s and then tries three requests. */
const WINDOW_MS = 10_000
const OPEN_MS = 15_000
const PROBES = 3

/** Reads `50% of 20`: half of at least twenty answers failed. Throws `ConfigError`. */
export function parseBreaker(text: string, path: string): BreakerLimits {
  const [, share, least] = /^(\d{1,3})% of (\d{1,6})$/.exec(text) ?? []
  const percent = Number(share)
  const minimum = Number(least)
  if (!(percent >= 1 && percent <= 100 && minimum >= 1)) {
    throw new ConfigError({
      path,
      message: `${showValue(text)} is not a share of a number of requests`,
      cure: 'write 50% of 20: half of at least twenty answers within 10 s',
    })
  }
  return {
    failureRatio: percent / 100,
    minimum,
    windowMs: WINDOW_MS,
    openMs: OPEN_MS,
    probes: PROBES,
  }
}

/** Reads the path of a health check: absolute, printable, with a query where one is wanted. Throws `ConfigError`. */
export function parseHealthPath(text: string, path: string): string {
  if (/^\/[!-~]{0,1000}$/.test(text) && !text.includes('#')) return text
  throw new ConfigError({
    path,
    message: `${showValue(text)} is not a path`,
    cure: 'write a path that begins with a slash, such as /healthz',
  })
}
