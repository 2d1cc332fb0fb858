import type { Regex } from './regex-syntax.ts'
import { rangesText } from './regex-syntax.ts'

/** Larger patterns are left as they are written. */
const MAX_SIZE = 3000

/**
 * Writes a pattern for the native engine with the `u` flag: without groups that keep what they matched, classes
 * spelled out. `undefined` for look-around and back-references.
 */
export function toLeanNative(regex: Regex): string | undefined {
  const text = sizeOf(regex) > MAX_SIZE ? undefined : write(regex)
  return text === undefined ? undefined : toNative(text)
}

/** What is written as RE2 does, in the native spelling for the `u` flag. */
export function toNative(re2: string): string {
  return re2.replaceAll('\\x{', '\\u{').replaceAll('\\A', '^').replaceAll('\\z', '$')
}

function write(regex: Regex): string | undefined {
  switch (regex.kind) {
    case 'chars':
      if (regex.property !== undefined) return regex.property
      return regex.set.length === 0 ? '[^\\x{0}-\\x{10ffff}]' : `[${rangesText(regex.set)}]`
    case 'group':
      return write(regex.body)
    case 'sequence':
      return joined(regex.parts, '')
    case 'choice': {
      const text = joined(regex.branches, '|')
      return text === undefined ? undefined : `(?:${text})`
    }
    case 'repeat':
      return writeRepeat(regex)
    case 'assert':
      return { start: '\\A', end: '\\z', boundary: '\\b', inside: '\\B' }[regex.at]
    default:
      return undefined
  }
}

function joined(parts: readonly Regex[], separator: string): string | undefined {
  const texts = parts.map(write)
  return texts.every((text) => text !== undefined) ? texts.join(separator) : undefined
}

/** Only whether something matches is asked, so lazy and greedy are the same. */
function writeRepeat({ body, min, max }: Extract<Regex, { kind: 'repeat' }>): string | undefined {
  const text = write(body)
  return text && `(?:${text}){${min},${max === Infinity ? '' : max}}`
}

/** How large a pattern is, its repeats written out. */
function sizeOf(regex: Regex): number {
  switch (regex.kind) {
    case 'group':
      return sizeOf(regex.body)
    case 'sequence':
      return regex.parts.reduce((sum, part) => sum + sizeOf(part), 1)
    case 'choice':
      return regex.branches.reduce((sum, part) => sum + sizeOf(part), 1)
    case 'repeat':
      return (
        sizeOf(regex.body) * (regex.max === Infinity ? regex.min + 1 : Math.max(regex.max, 1)) + 1
      )
    default:
      return 1
  }
}
