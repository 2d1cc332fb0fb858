import { RE2JS } from 're2js'
import { toRe2 } from './regex-re2.ts'
import type { Work } from './regex-cost.ts'
import { boundWork } from './regex-cost.ts'

import { parseRegex } from './regex-syntax.ts'

/** A compiled `pattern`. */
export interface Pattern {
  /** `native`: proven harmless. `linear`: RE2. `capped`: native, longer texts than `maxLength` never match. */
  readonly engine: 'native' | 'linear' | 'capped'
  /** Longest text that is looked at, in UTF-16 units. */
  readonly maxLength: number
  /** Whether the pattern occurs in the text (not anchored unless it says so). */
  test(text: string): boolean
}

/** Steps of a backtracking engine that one test may cost at most where the engine is only capped. */
const MAX_CAPPED_STEPS = 2_000_000
/** A cap below this would refuse honest values, so the pattern is refused instead. */
const MIN_CAP = 64

/**
 * Compiles a pattern so that no text can make it slow: the native engine where its work is proven to be linear,
 * else RE2, else (look-around, back-references) the native engine for short texts only.
 * @returns the pattern, or why it cannot be used. Never throws.
 * @see ECMA-262; JSON Schema 2020-12 Core section 6.4
 */
export function compilePattern(source: string): Pattern | { readonly fault: string } {
  const native = compileNative(source)
  // RE2 knows flags that others write at the start of a pattern, such as `(?i)`.
  if (native === undefined) return compileLinear(source) ?? { fault: 'is no regular expression' }
  const regex = parseRegex(source)
  const work = regex === undefined ? undefined : boundWork(regex)
  if (work !== undefined && isHarmless(work)) return toPattern('native', native, Infinity)
  const translated = regex === undefined ? undefined : toRe2(regex)
  const linear = translated === undefined ? undefined : compileLinear(translated)
  if (linear !== undefined) return linear
  const maxLength = work === undefined ? 0 : longestText(work)
  if (maxLength < MIN_CAP) {
    return {
      fault:
        'can take exponential time, and look-around or back-references keep it from a safe engine',
    }
  }
  return toPattern('capped', native, maxLength)
}

/** Whether `source` may be run by the native engine on any text: at most linear work. */
export function isHarmless(work: Work): boolean {
  if (!work.isAnchored) return work.degree === 0 && work.ways * work.length <= 256
  if (work.degree > 1) return false
  return work.ways <= 64 || (work.degree === 0 && work.ways * work.length <= 100_000)
}

function longestText(work: Work): number {
  const degree = work.degree + (work.isAnchored ? 0 : 1)
  if (degree === Infinity) return 0
  return Math.floor(Math.min((MAX_CAPPED_STEPS / work.ways) ** (1 / Math.max(degree, 1)), 65_536))
}

function compileNative(source: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags)
    } catch {
      // Patterns written without the `u` flag in mind (`\-`, a lone brace) are still patterns.
    }
  }
  return undefined
}

function compileLinear(source: string): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(source)
    return {
      engine: 'linear',
      maxLength: Infinity,
      test: (text) => compiled.test(text),
    }
  } catch {
    // Not in the syntax of RE2, or too large for it.
    return undefined
  }
}

function toPattern(engine: Pattern['engine'], native: RegExp, maxLength: number): Pattern {
  return { engine, maxLength, test: (text) => text.length <= maxLength && native.test(text) }
}
