import { DATABASES, PLACES, TRACES } from './leak-rows.ts'
import type { LeakRow } from './leak-rows.ts'

interface Pattern {
  readonly literals: readonly string[]
  readonly pattern: RegExp
}

function compile(rows: readonly LeakRow[]): readonly Pattern[] {
  return rows.map(([literals, pattern]) => ({ literals, pattern: new RegExp(pattern) }))
}

const PROGRAMS = compile([...TRACES, ...DATABASES])
const SURROUNDINGS = compile(PLACES)

/** Longest part of a body that is looked at; an error text stands at the front. */
const MAX_SCANNED = 262_144

/**
 * Whether a text shows the inside of a program: stack frames, database errors. Precise rather than complete, since a
 * hit replaces an answer. A literal that every hit holds keeps ordinary answers cheap; patterns are bounded, so that
 * no text makes them slow. Quotes may be escaped for JSON or HTML, line breaks may be missing.
 */
export function leaksInternals(text: string): boolean {
  return hits(PROGRAMS, text)
}

/** As `leaksInternals`; in an error, paths of the server, inner addresses and names of software tell too. */
export function leaksInError(text: string): boolean {
  return hits(PROGRAMS, text) || hits(SURROUNDINGS, text)
}

function hits(patterns: readonly Pattern[], text: string): boolean {
  const scanned = text.length > MAX_SCANNED ? text.slice(0, MAX_SCANNED) : text
  return patterns.some(
    ({ literals, pattern }) =>
      literals.some((literal) => scanned.includes(literal)) && pattern.test(scanned),
  )
}
