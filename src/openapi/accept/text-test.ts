import { memo } from '../../base/memo.ts'
import type { Keywords } from '../schema/dialect.ts'
import { FORMATS } from '../schema/format.ts'
import type { Step } from '../schema/regex-steps.ts'
import type { TEST } from './layout.ts'
import { asciiBits, patternSteps } from './pattern-steps.ts'
import { isPlain } from './plain-text.ts'

/** How a text is judged besides its length. */
export interface TextTest {
  readonly kind: keyof typeof TEST
  /** Of it, as the kernel reads them. */
  readonly data: Buffer | undefined
  /** Longer texts are not judged. */
  readonly maxBytes: number
}

/** What is to be known beside the keywords. */
export interface TextRules {
  /** Whether formats are asserted. */
  readonly asserts: boolean
  /** Whether a pattern is run by the native engine, so that no work is counted. */
  readonly isNative: (source: string) => boolean
}

/** Longer texts are of no format (see `FORMATS`). */
const MAX_FORMAT_BYTES = 8192
const UUID = '^[\\dA-Fa-f]{8}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{12}$'
const ANY: TextTest = { kind: 'none', data: undefined, maxBytes: Infinity }
const BY_FORMAT: ReadonlyMap<string, TextTest> = new Map<string, TextTest>([
  ['date', { kind: 'date', data: undefined, maxBytes: MAX_FORMAT_BYTES }],
  ['date-time', { kind: 'dateTime', data: undefined, maxBytes: MAX_FORMAT_BYTES }],
  // Only https URLs: of others `urlFault` has to say what they are, and they need a value.
  ['uri', { kind: 'url', data: undefined, maxBytes: MAX_FORMAT_BYTES }],
  ['email', { kind: 'email', data: undefined, maxBytes: MAX_FORMAT_BYTES }],
])

/** How the texts of a schema are judged; `undefined` where the kernel cannot say. One keyword at most can be asked. */
export function textTest(keywords: Keywords, rules: TextRules): TextTest | undefined {
  const format = formatTest(keywords['format'], rules)
  const tests = [format, patternTest(keywords['pattern'], rules), listTest(keywords)]
  if (tests.includes(undefined)) return undefined
  const asked = tests.filter((test) => test !== undefined && test !== ANY)
  return asked.length > 1 ? undefined : (asked[0] ?? ANY)
}

function formatTest(format: unknown, { asserts }: TextRules): TextTest | undefined {
  if (!asserts || typeof format !== 'string') return ANY
  const known = FORMATS.get(format)
  if (known === undefined || known.kind === 'number') return ANY
  return format === 'uuid' ? stepsTest(UUID) : BY_FORMAT.get(format)
}

function patternTest(source: unknown, { isNative }: TextRules): TextTest | undefined {
  if (typeof source !== 'string') return ANY
  return isNative(source) ? stepsTest(source) : undefined
}

// Documents say the same of many texts.
const stepsTest = memo(readSteps, { maxEntries: 256, maxChars: 256 })

function readSteps(source: string): TextTest | undefined {
  const steps = patternSteps(source)
  return steps === undefined
    ? undefined
    : { kind: 'steps', data: stepBytes(steps), maxBytes: Infinity }
}

function stepBytes(steps: readonly Step[]): Buffer {
  const bytes = Buffer.alloc(8 + 24 * steps.length)
  bytes.writeUInt32LE(steps.length)
  for (const [index, { set, min, max }] of steps.entries()) {
    const at = 8 + 24 * index
    for (const [word, bits] of asciiBits(set).entries()) bytes.writeUInt32LE(bits, at + 4 * word)
    bytes.writeUInt32LE(min, at + 16)
    bytes.writeUInt32LE(max, at + 20)
  }
  return bytes
}

/** `enum` and `const`, of which only texts are looked at. */
function listTest(keywords: Keywords): TextTest | undefined {
  const lists = [
    keywords['enum'],
    Object.hasOwn(keywords, 'const') ? [keywords['const']] : undefined,
  ]
  const [list, other] = lists.filter((one) => Array.isArray(one))
  if (list === undefined) return ANY
  if (other !== undefined) return undefined
  const texts = list.filter((value) => typeof value === 'string').filter(isPlain)
  return { kind: 'list', data: listBytes(texts), maxBytes: Infinity }
}

function listBytes(texts: readonly string[]): Buffer {
  const parts = texts.map((text) => {
    const bytes = Buffer.from(text)
    const part = Buffer.alloc(8 + ((bytes.length + 15) & ~7))
    part.writeUInt32LE(bytes.length)
    part.set(bytes, 8)
    return part
  })
  const head = Buffer.alloc(8)
  head.writeUInt32LE(texts.length)
  return Buffer.concat([head, ...parts])
}
