import { ConfigError } from '../../../base/config-error.ts'
import { parseRedisUrl } from '../../../store/redis/redis-target.ts'
import { parseReference } from './text.ts'

/** Checks where limits are counted: `memory`, a URL of Redis or Valkey, or a reference to one. Throws `ConfigError`. */
export function parseCounters(text: string, path: string): string {
  if (text === 'memory') return text
  if (/^(?:env|file):/.test(text)) parseReference(text, path)
  else parseRedisUrl(text, path)
  return text
}

/** Whether a URL holds a password, which belongs into a reference. */
function holdsPassword(text: string): boolean {
  return /^[a-z+]+:\/\/[^/@]*:[^/@]+@/.test(text)
}

/** Refuses a password that stands in the configuration itself [ADM-05]. Throws `ConfigError`. */
export function refusePassword(text: string, path: string): void {
  if (!holdsPassword(text)) return
  throw new ConfigError({
    path,
    message: 'the URL holds a password',
    cure: 'write env:NAME or file:PATH, and the URL there',
  })
}
