import type { Watch } from '../../pipeline/control.ts'
import { showsError } from './error-members.ts'
import { leaksInternals } from './leak-pattern.ts'

/** Most of one event that is looked at, in characters; an error text stands at the front. */
const MAX_EVENT_CHARS = 65_536

/**
 * Reads an event stream piece by piece, and breaks it off where it leaks. An event whose data is JSON is judged by its members, any
 * other by its text. An event that comes in several pieces may have begun to leave before it shows what it is.
 * @see WHATWG HTML section 9.2.6
 */
export function eventWatch(): Watch {
  let line = ''
  let data = ''
  return (chunk) => {
    // Every pattern is plain ASCII: one byte, one character, is enough to look for them.
    const lines = (line + chunk.toString('latin1')).split(/\r\n|\r|\n/)
    line = (lines.pop() ?? '').slice(0, MAX_EVENT_CHARS)
    for (const one of lines) {
      if (one !== '') data = withData(data, one)
      else if (isLeak(data)) return undefined
      else data = ''
    }
    // What is not ended yet is sent all the same: only what it already shows can be held back.
    return isLeak(withData(data, line)) ? undefined : chunk
  }
}

function withData(data: string, line: string): string {
  if (!line.startsWith('data:') || data.length >= MAX_EVENT_CHARS) return data
  const text = line.slice(line.charCodeAt(5) === 32 ? 6 : 5, MAX_EVENT_CHARS)
  return data === '' ? text : `${data}\n${text}`
}

function isLeak(data: string): boolean {
  if (!leaksInternals(data)) return false
  if (!/^\s*[{[]/.test(data)) return true
  return isWhole(data) && showsError(Buffer.from(data, 'latin1'))
}

/** Half an object tells of no member yet. */
function isWhole(data: string): boolean {
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}
