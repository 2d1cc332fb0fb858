import type { Regex } from './regex-syntax.ts'
import { rangesText } from './regex-syntax.ts'

/** RE2 refuses a repeat beyond this; larger ones are written as several. */
const MAX_REPEAT = 1000
/** RE2 unrolls repeats: a program larger than this costs too much memory. */
const MAX_SIZE = 3000

/**
 * Writes a pattern of ECMA-262 in the syntax of RE2, with the same meaning: `$` is the end of the text, classes are
 * spelled out, large repeats are split. `undefined` where RE2 has no such thing (look-around, back-references).
 */
export function toRe2(regex: Regex): string | undefined {
  return sizeOf(regex) > MAX_SIZE ? undefined : write(regex)
}

/** The same text in the native spelling, for the `u` flag. */
export function toNative(re2: string): string {
  return re2.replaceAll('\\x{', '\\u{').replaceAll('\\A', '^').replaceAll('\\z', '$')
}

function write(regex: Regex): string | undefined {
  switch (regex.kind) {
    case 'chars':
      if (regex.property !== undefined) return regex.property
      // RE2 has no empty class.
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

function writeRepeat(regex: Extract<Regex, { kind: 'repeat' }>): string | undefined {
  const text = write(regex.body)
  if (text === undefined) return undefined
  const body = `(?:${text})`
  const { min, max } = regex
  // Only whether something matches is asked, so lazy and greedy are the same.
  const required = pieces(min).map((count) => `${body}{${count}}`)
  if (max === Infinity) return `${required.join('')}${body}*`
  const optional = pieces(max - min).map((count) => `${body}{0,${count}}`)
  return `(?:${required.join('')}${optional.join('')})`
}

function pieces(count: number): readonly number[] {
  const whole = Array.from({ length: Math.floor(count / MAX_REPEAT) }, () => MAX_REPEAT)
  return count % MAX_REPEAT === 0 ? whole : [...whole, count % MAX_REPEAT]
}

/** Size of the program that RE2 makes of a pattern, roughly. */
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
