import { RE2JS } from 're2js'
import { asciiBytes } from './ascii-bytes.ts'
import { MAX_PATTERN_STEPS } from './pattern-work.ts'
import type { WorkLeft } from './pattern-work.ts'
import type { Work } from './regex-cost.ts'
import { boundWork } from './regex-cost.ts'
import { compileLinear } from './regex-linear.ts'
import type { Linear } from './regex-linear.ts'
import { compileParts } from './regex-parts.ts'
import { compileStepped, MAX_STEPPED_LENGTH } from './regex-match.ts'
import { stepJudge, stepsOf } from './regex-steps.ts'
import { toLeanNative } from './regex-write.ts'
import type { Regex } from './regex-syntax.ts'
import { parseRegex } from './regex-syntax.ts'
import { trim } from './regex-trim.ts'

/** A compiled `pattern`. */
export interface Pattern {
  /**
   * `native`: proven harmless. `linear`: an own engine, or RE2. `capped`: native, for short texts only. `stepped`: an
   * own engine that gives up. Texts that an engine does not look at never match.
   */
  readonly engine: 'native' | 'linear' | 'capped' | 'stepped'
  /** Longest text that is looked at, in UTF-16 units. */
  readonly maxLength: number
  /** The pattern means something only in another language (`\A`, `(?i)`) and was read as RE2 reads it. */
  readonly isForeign: boolean
  /** What it means, where a judge of several patterns may judge it in place of `test`: any text, with the `u` flag. */
  readonly regex: Regex | undefined
  /**
   * Whether the pattern occurs in the text (not anchored unless it says so). `work`: what is left for all texts of one
   * value; once it is used up, a text whose judgment would be dear counts as not matching.
   */
  test(text: string, work?: WorkLeft): boolean
}

/** Steps of a backtracking engine that one test may cost at most where the engine is only capped. */
const MAX_CAPPED_STEPS = 100_000
/** How often the native engine may look at a character where another engine would look once. */
const MAX_QUICK_LOOKS = 4
/** Steps that take about a millisecond. */
const STEPS_PER_MS = 200_000
/** What a step of the stepped engine counts for. */
const STEPPED_COST = 20
/** A cap below this would refuse too many honest values. */
const MIN_CAP = 256
/** Shorter texts are not worth another engine than the native one. UTF-16 units. */
const MANY_CHARS = 64
/** For patterns whose size is not known. */
const MAX_FOREIGN_LENGTH = 4096
/** Escapes of other languages, which ECMA-262 reads as plain letters. */
const FOREIGN = /\\[AzZ]|\\p\{/

/**
 * Compiles a pattern so that no text can make it slow: the native engine where its work is proven to be linear,
 * else an engine whose work is linear, else (back-references, looking far behind) a bounded engine.
 * @returns the pattern, or why it cannot be used. Never throws.
 * @see ECMA-262; JSON Schema 2020-12 Core section 6.4
 */
export function compilePattern(source: string): Pattern | { readonly fault: string } {
  const unicode = compileNative(source, 'u')
  const native = unicode ?? compileNative(source, '')
  if (unicode === undefined) {
    const spelled = withScripts(source)
    const found = spelled === undefined ? undefined : compilePattern(spelled)
    if (found !== undefined && !('fault' in found)) return { ...found, isForeign: true }
  }
  if (native === undefined || (unicode === undefined && FOREIGN.test(source))) {
    const foreign = compileRe2(source.replaceAll('\\Z', '\\z'), {
      isForeign: true,
      maxLength: MAX_FOREIGN_LENGTH,
    })
    if (foreign !== undefined) return foreign
  }
  if (native === undefined) return { fault: 'is no regular expression' }
  const regex = parseRegex(source, unicode !== undefined)
  if (regex !== undefined) return compileSafely(regex, native, unicode !== undefined)
  const unparsed = { isForeign: false, maxLength: MAX_FOREIGN_LENGTH }
  return compileRe2(source, unparsed) ?? { fault: 'uses syntax that cannot be proven harmless' }
}

/** `\\p{Han}` of other languages as `\\p{Script=Han}`; `undefined` where that makes no regular expression. */
function withScripts(source: string): string | undefined {
  const spelled = source.replaceAll(/\\([pP])\{(\w+)\}/g, (whole, letter, name) =>
    compileNative(whole, 'u') === undefined ? `\\${letter}{Script=${name}}` : whole,
  )
  return spelled !== source && compileNative(spelled, 'u') !== undefined ? spelled : undefined
}

function compileSafely(regex: Regex, native: RegExp, isUnicode: boolean): Pattern {
  const lean = trim(regex)
  const leanText = toLeanNative(lean)
  const work = boundWork(regex)
  const leanNative = leanText === undefined ? undefined : compileNative(leanText, 'u')
  const leanWork = leanNative === undefined ? work : boundWork(lean)
  // Without the `u` flag a character beyond U+FFFF is two: the pattern stays as it is written, if it can.
  const natives: readonly (readonly [RegExp | undefined, Work])[] = isUnicode
    ? [[leanNative, leanWork]]
    : [
        [native, work],
        [leanNative, leanWork],
      ]
  // What may be left out is known only of patterns without look-around and back-references.
  const meaning = leanText === undefined ? regex : lean
  const joined = isUnicode ? meaning : undefined
  const nativeWhere = (isFine: (work: Work) => boolean): Pattern | undefined => {
    const found = natives.find(([one, itsWork]) => one !== undefined && isFine(itsWork))
    return found?.[0] && toPattern(found[0], { meaning, joined })
  }
  const quick = nativeWhere(isQuick)
  if (quick !== undefined) return quick
  const linear = compileLinear(meaning, isUnicode)
  if (linear !== undefined) {
    return toLinear(linear, compileParts(meaning, isUnicode), joined)
  }
  const harmless = nativeWhere(isHarmless)
  if (harmless !== undefined) return harmless
  const maxLength = longestText(work)
  return maxLength >= MIN_CAP ? toCapped(native, maxLength) : toStepped(regex)
}

function toLinear(
  linear: Linear,
  parts: Linear['test'] | undefined,
  regex: Regex | undefined,
): Pattern {
  return {
    engine: 'linear',
    maxLength: linear.maxLength,
    isForeign: false,
    regex: linear.maxLength === Infinity ? regex : undefined,
    test: (text, work = fullWork()) => (parts?.(text, work) ?? linear.test(text, work)) === true,
  }
}

function toCapped(native: RegExp, maxLength: number): Pattern {
  return {
    engine: 'capped',
    maxLength,
    isForeign: false,
    regex: undefined,
    test: charged(maxLength, (text) => native.test(text)),
  }
}

/** For engines that count nothing: the time they took is charged. */
function charged(maxLength: number, match: (text: string) => boolean): Pattern['test'] {
  return (text, work = fullWork()) => {
    if (text.length > maxLength || work.left < 0) return false
    const start = performance.now()
    const holds = match(text)
    work.left -= (performance.now() - start) * STEPS_PER_MS
    return holds
  }
}

function toStepped(regex: Regex): Pattern {
  const test = compileStepped(regex)
  return {
    engine: 'stepped',
    maxLength: MAX_STEPPED_LENGTH,
    isForeign: false,
    regex: undefined,
    test: (text, work = fullWork()) => {
      const steps = { left: Math.floor(work.left / STEPPED_COST) }
      const before = steps.left
      const holds = test(text, steps)
      work.left -= (before - steps.left) * STEPPED_COST
      return holds
    },
  }
}

function fullWork(): WorkLeft {
  return { left: MAX_PATTERN_STEPS }
}

/** Whether the native engine looks at each character a few times at most: then no other engine is as quick. */
function isQuick({ isAnchored, degree, ways, length }: Work): boolean {
  return isAnchored
    ? degree <= 1 && ways <= MAX_QUICK_LOOKS
    : degree === 0 && ways * length <= MAX_QUICK_LOOKS
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

function compileRe2(
  source: string,
  about: Pick<Pattern, 'isForeign' | 'maxLength'>,
): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(source)
    const match = (text: string): boolean => compiled.test(text)
    return { engine: 'linear', ...about, regex: undefined, test: charged(about.maxLength, match) }
  } catch {
    // Not in the syntax of RE2, or too large for it.
    return undefined
  }
}

function toPattern(
  native: RegExp,
  { meaning, joined: regex }: { readonly meaning: Regex; readonly joined: Regex | undefined },
): Pattern {
  return {
    engine: 'native',
    maxLength: Infinity,
    isForeign: false,
    regex,
    test: testOf(native, meaning),
  }
}

/** In a counted loop, the native engine remembers for each character how to go back to it. */
function testOf(native: RegExp, regex: Regex): Pattern['test'] {
  const steps = stepsOf(regex)
  const isCounted = steps?.some(({ max }) => max >= MANY_CHARS && max !== Infinity)
  if (steps === undefined || isCounted !== true) return (text) => native.test(text)
  const judge = stepJudge(steps)
  return (text) => {
    const bytes = text.length < MANY_CHARS ? undefined : asciiBytes(text)
    const verdict = bytes === undefined ? undefined : judge(bytes, text.length)
    return verdict ?? native.test(text)
  }
}
