import { leaksInternals } from './leak-pattern.ts'
import { literalScan } from './literal-scan.ts'

/** Parts of names that error texts stand under; one of them is in every body that `showsError` takes. */
const NAME_PARTS: readonly string[] = [
  'rror',
  'ERROR',
  'xception',
  'tack',
  'race',
  'ebug',
  'ault',
  'sql',
  'Sql',
  'ause',
  'essage',
  'msg',
  'etail',
  'eason',
]
const ERROR_NAME = /err(?:or|s?$)|exception|stack|trace|debug|fault|sql|cause/i
/** Names that texts of people have as well: they count only in the outermost object. */
const TEXT_NAME = /^(?:message|msg|details?|reason)$/i
const MAX_DEPTH = 64

let scan: ((bytes: Buffer) => boolean) | undefined

/** One look for all operations of the thread, made at first use: it owns memory. */
function hasNamePart(bytes: Buffer): boolean {
  scan ??= literalScan(NAME_PARTS)
  return scan(bytes)
}

/**
 * Whether a JSON answer that claims success holds the inside of a program where errors are told. The same text under
 * `body` or `description` is what somebody wrote: issue trackers and forums are full of stack traces.
 */
export function showsError(bytes: Buffer): boolean {
  if (!hasNamePart(bytes)) return false
  // Every pattern is plain ASCII: one byte, one character, is enough to look for them.
  const text = bytes.toString('latin1')
  if (!leaksInternals(text)) return false
  try {
    return isError(JSON.parse(text), 0, false)
  } catch {
    return true // no JSON although it says so: nobody can tell where the text stands
  }
}

function isError(value: unknown, depth: number, isNamed: boolean): boolean {
  if (typeof value === 'string') return isNamed && leaksInternals(value)
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false
  // Frames written as objects hold their file and line side by side.
  if (isNamed && depth > 0 && 'file' in value && leaksInternals(JSON.stringify(value))) return true
  const isList = Array.isArray(value)
  return Object.entries(value).some(([name, member]) => {
    const names = !isList && (ERROR_NAME.test(name) || (depth === 0 && TEXT_NAME.test(name)))
    return isError(member, depth + 1, isNamed || names)
  })
}
