import { ConfigError } from '../../../base/config-error.ts'
import { parseRate } from '../../../base/units.ts'
import type { Threshold } from '../../../pipeline/detect-policy.ts'

/** What sketches can count and failures are kept for. */
const MAX_COUNT = 10_000
const MAX_WINDOW_MS = 7 * 86_400_000

/** Reads `200/10min`: at most 10,000 in at most a week, without a burst. Throws `ConfigError` that names `path`. */
export function parseThreshold(text: string, path: string): Threshold {
  const { count, windowMs, burst } = parseRate(text, path)
  const cure = 'write COUNT/WINDOW such as 200/10min, at most 10000 in at most 7d'
  if (burst !== count || count > MAX_COUNT || windowMs > MAX_WINDOW_MS)
    throw new ConfigError({ path, message: 'is no threshold that can be watched', cure })
  return { count, windowMs }
}
