import { RE2JS } from 're2js'
import type { Work } from './regex-cost.ts'
import { boundWork } from './regex-cost.ts'
import { compileStepped, MAX_STEPPED_LENGTH } from './regex-match.ts'
import { sizeOf, toNative, toRe2 } from './regex-re2.ts'
import type { Regex } from './regex-syntax.ts'
import { parseRegex } from './regex-syntax.ts'
import { trim } from './regex-trim.ts'

/** A compiled `pattern`. */
export interface Pattern {
  /**
   * `native`: proven harmless. `linear`: RE2. `capped`: native, for short texts only. `stepped`: an own engine that
   * gives up. Texts that the last two do not look at never match.
   */
  readonly engine: 'native' | 'linear' | 'capped' | 'stepped'
  /** Longest text that is looked at, in UTF-16 units. */
  readonly maxLength: number
  /** The pattern means something only in another language (`\A`, `(?i)`) and was read as RE2 reads it. */
  readonly isForeign: boolean
  /**
   * Whether the pattern occurs in the text (not anchored unless it says so). `work`: what is left for all texts of one
   * value; once it is used up, a text whose judgment would be dear counts as not matching.
   */
  test(text: string, work?: WorkLeft): boolean
}

/** Steps that dear patterns may still take. */
export interface WorkLeft {
  left: number
}

/** Steps that all texts of one value may cost together where a pattern is dear. */
export const MAX_PATTERN_STEPS: number = 200_000

/** Steps of RE2, which grow with the size of the pattern too; one takes about 0.1 microseconds. */
const MAX_LINEAR_STEPS = 1_000_000
/** RE2 always looks at texts up to this length, whatever the pattern costs. */
const MIN_LINEAR = 1024
/** Steps of a backtracking engine that one test may cost at most where the engine is only capped. */
const MAX_CAPPED_STEPS = 2_000_000
/** A cap below this would refuse too many honest values. */
const MIN_CAP = 256
/** For patterns whose size is not known. */
const MAX_FOREIGN_LENGTH = 4096
/** Escapes of other languages, which ECMA-262 reads as plain letters. */
const FOREIGN = /\\[AzZ]|\\p\{/

/**
 * Compiles a pattern so that no text can make it slow: the native engine where its work is proven to be linear,
 * else RE2, else (look-around, back-references) a bounded engine.
 * @returns the pattern, or why it cannot be used. Never throws.
 * @see ECMA-262; JSON Schema 2020-12 Core section 6.4
 */
export function compilePattern(source: string): Pattern | { readonly fault: string } {
  const unicode = compileNative(source, 'u')
  const native = unicode ?? compileNative(source, '')
  if (native === undefined || (unicode === undefined && FOREIGN.test(source))) {
    const foreign = compileLinear(source.replaceAll('\\Z', '\\z'), {
      isForeign: true,
      maxLength: MAX_FOREIGN_LENGTH,
    })
    if (foreign !== undefined) return foreign
  }
  if (native === undefined) return { fault: 'is no regular expression' }
  const regex = parseRegex(source, unicode !== undefined)
  if (regex !== undefined) return compileSafely(regex, native)
  const unparsed = { isForeign: false, maxLength: MAX_FOREIGN_LENGTH }
  return compileLinear(source, unparsed) ?? { fault: 'uses syntax that cannot be proven harmless' }
}

function compileSafely(regex: Regex, native: RegExp): Pattern {
  const work = boundWork(regex)
  if (isHarmless(work)) return toPattern('native', native, Infinity)
  const lean = trim(regex)
  const translated = toRe2(lean)
  if (translated !== undefined) {
    const leanNative = compileNative(toNative(translated), 'u')
    if (leanNative !== undefined && isHarmless(boundWork(lean))) {
      return toPattern('native', leanNative, Infinity)
    }
    const maxLength = Math.max(MIN_LINEAR, Math.floor(MAX_LINEAR_STEPS / sizeOf(lean)))
    const linear = compileLinear(translated, { isForeign: false, maxLength })
    if (linear !== undefined) return linear
  }
  const maxLength = longestText(work)
  if (maxLength >= MIN_CAP) return toPattern('capped', native, maxLength)
  const test = compileStepped(regex)
  return { engine: 'stepped', maxLength: MAX_STEPPED_LENGTH, isForeign: false, test }
}

/** Whether the native engine may run the pattern on any text: at most linear work. */
function isHarmless(work: Work): boolean {
  if (!work.isAnchored) return work.degree === 0 && work.ways * work.length <= 256
  if (work.degree > 1) return false
  return work.ways <= 64 || (work.degree === 0 && work.ways * work.length <= 100_000)
}

function longestText(work: Work): number {
  const degree = work.degree + (work.isAnchored ? 0 : 1)
  if (degree === Infinity) return 0
  return Math.floor(Math.min((MAX_CAPPED_STEPS / work.ways) ** (1 / Math.max(degree, 1)), 65_536))
}

function compileNative(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch {
    // Patterns written without the `u` flag in mind (`\-`, a lone brace) are tried again without it.
    return undefined
  }
}

function compileLinear(
  source: string,
  about: Pick<Pattern, 'isForeign' | 'maxLength'>,
): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(source)
    const test = (text: string): boolean => text.length <= about.maxLength && compiled.test(text)
    return { engine: 'linear', ...about, test }
  } catch {
    // Not in the syntax of RE2, or too large for it.
    return undefined
  }
}

function toPattern(engine: Pattern['engine'], native: RegExp, maxLength: number): Pattern {
  return {
    engine,
    maxLength,
    isForeign: false,
    test: (text) => text.length <= maxLength && native.test(text),
  }
}
