import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { compilePattern } from '../../src/openapi/schema/pattern.ts'
import type { Pattern } from '../../src/openapi/schema/pattern.ts'
import { arrayOf, bodyAttacks } from './attack.ts'
import type { Attack } from './attack.ts'

/** A text that a pattern takes long to refuse. */
export interface Pumped {
  readonly pattern: string
  readonly engine: string
  readonly text: string
  readonly usPerKb: number
}

/** Longest text that is tried: what fits a request of 64 KB. */
const MAX_TEXT = 60_000
const LENGTHS = [256, 4096, MAX_TEXT]
const COMMON = ['a', '0', ' ', '-', '.', 'A', '/', 'é']
const ENDINGS = ['', '!', '\n']

/** Reads `[[pattern, uses], ...]`, gzipped. */
export function readPatterns(file: string): readonly string[] {
  const rows = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as [string, number][]
  return rows.map(([pattern]) => pattern)
}

/** The `count` patterns with the dearest text found, dearest first. Each gets the same share of `seconds`. */
export function huntPatterns(
  patterns: readonly string[],
  seconds: number,
  count: number,
): readonly Pumped[] {
  const shareMs = (seconds * 1000) / Math.max(1, patterns.length)
  const found: Pumped[] = []
  for (const pattern of patterns) {
    const compiled = compilePattern(pattern)
    if ('fault' in compiled) continue
    found.push(worstText(pattern, compiled, shareMs))
  }
  return found.toSorted((a, b) => b.usPerKb - a.usPerKb).slice(0, count)
}

/** Pumps made of what the pattern itself is made of, at lengths up to what the engine looks at. */
function worstText(pattern: string, compiled: Pattern, shareMs: number): Pumped {
  const end = performance.now() + shareMs
  let worst: Pumped = { pattern, engine: compiled.engine, text: '', usPerKb: 0 }
  const limits = new Set(LENGTHS.map((length) => Math.min(length, compiled.maxLength)))
  for (const pump of pumpsOf(pattern)) {
    for (const length of limits) {
      for (const ending of ENDINGS) {
        const text = pump.repeat(Math.ceil(length / pump.length)).slice(0, length - ending.length)
        const usPerKb = costOf(compiled, text + ending)
        if (usPerKb > worst.usPerKb) worst = { ...worst, text: text + ending, usPerKb }
        if (performance.now() > end) return worst
      }
    }
  }
  return worst
}

function costOf(compiled: Pattern, text: string): number {
  let best = Infinity
  for (let round = 0; round < 3 && best > 100; round += 1) {
    const start = performance.now()
    compiled.test(text)
    best = Math.min(best, (performance.now() - start) * 1000)
  }
  return best / (text.length / 1024)
}

/** Letters and pairs of letters of the pattern, an example of each class, and common ones. */
function pumpsOf(pattern: string): readonly string[] {
  const letters = pattern.replaceAll(/\\[dwsbDWSB]|[\\^$()[\]{}|?*+]/g, '')
  const singles = [...new Set([...letters.split(''), ...COMMON])].slice(0, 24)
  const pairs = singles.slice(0, 6).flatMap((a) => singles.slice(0, 6).map((b) => a + b))
  const literal = letters.slice(0, 40)
  return [...new Set([...COMMON, ...singles, ...pairs, ...(literal === '' ? [] : [literal])])]
}

/** Requests whose body is an array of such texts, each for the operation of its pattern. */
export function patternAttacks(pumped: readonly Pumped[]): readonly Attack[] {
  return pumped.flatMap(({ pattern, engine, text }, index) => {
    const item = JSON.stringify(text)
    const name = `pattern (${engine}, ${text.length} x ${JSON.stringify(text.slice(0, 6))}): ${pattern.slice(0, 60)}`
    return bodyAttacks(name, `/p${index}`, (bytes) => arrayOf(bytes, () => item))
  })
}
