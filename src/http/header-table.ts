import { memo } from '../base/memo.ts'

/** What is known of a field's name, whatever message it comes in. */
export interface FieldName {
  /** As it came, in memory of its own. */
  readonly raw: string
  /** Lower case. */
  readonly text: string
  /** What honest names look like, see `isPlainName`. */
  readonly isPlain: boolean
  /** One of `FIELD`; 0 for all others. */
  readonly bit: number
}

/** Fields that the checks of every message ask for, each a bit of `HeaderTable.known` and `HeaderTable.repeated`. */
export const FIELD = {
  host: 1,
  connection: 2,
  'content-length': 4,
  'transfer-encoding': 8,
  'content-type': 16,
  origin: 32,
  expect: 64,
  cookie: 128,
  /** Any field that says who calls, or asks for another method; and some more, as their names begin alike. */
  claim: 256,
} as const

const { claim: CLAIM, ...OWN } = FIELD
const BITS: ReadonlyMap<string, number> = new Map(Object.entries(OWN))

/** How claims begin, with `-` for `_`. */
const CLAIMS: readonly string[] = [
  'sallyport-',
  'x-user',
  'x-http-method',
  'x-method-override',
  '-method',
]

function bitOf(name: string): number {
  const twin = name.replaceAll('_', '-')
  return BITS.get(name) ?? (CLAIMS.some((start) => twin.startsWith(start)) ? CLAIM : 0)
}

const NAME_BOUNDS = { maxEntries: 1024, maxChars: 64 }

/** What is known of a name as it came. */
export const fieldName: (raw: string) => FieldName = memo<FieldName>((raw) => {
  const text = interned(raw.toLowerCase())
  return { raw, text, isPlain: isPlainName(text), bit: bitOf(text) }
}, NAME_BOUNDS)

/** Fields further behind are looked up. */
const MAX_PLACES = 32
/**
 * For each place in a message the two names that stood there last, of a request and of an answer: one head is like the
 * one before it, and a comparison costs a fraction of a look into the map.
 */
const lastNames: FieldName[] = Array.from({ length: 2 * MAX_PLACES }, () => fieldName(''))

function fieldNameAt(place: number, name: string): FieldName {
  if (place >= MAX_PLACES) return fieldName(name)
  const at = 2 * place
  const last = lastNames[at]
  if (last?.raw === name) return last
  const other = lastNames[at + 1]
  if (other?.raw === name) return other
  const found = fieldName(name)
  // What the memo does not keep is not kept here.
  if (last === undefined || name.length > NAME_BOUNDS.maxChars) return found
  lastNames[at] = found
  lastNames[at + 1] = last
  return found
}

/** Whether a lower-case name is letters and digits in groups joined by single hyphens. */
export function isPlainName(name: string): boolean {
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)
}

/** The engine's one copy of a text, as literals in the source are: two of them are compared by address. */
function interned(text: string): string {
  return Object.keys({ [text]: true })[0] ?? text
}

/** The fields of one message and what was seen of them while they were read. */
export interface FieldLines extends FieldNames {
  /** As they came, one for each name. */
  readonly values: readonly string[]
  /** See the fields of `HeaderTable`. */
  readonly bytes: number
  readonly largestBytes: number
  readonly pseudoFields: number
  readonly isPrintable: boolean
}

/** The names of one message and what is known of them together. */
export interface FieldNames {
  /** Lower case, each the one copy that `fieldName` gives. */
  readonly names: readonly string[]
  /** See the fields of `HeaderTable`. */
  readonly hasOddName: boolean
  readonly known: number
  readonly repeated: number
}

/** What is known of names together. */
export function fieldNames(found: readonly FieldName[]): FieldNames {
  let known = 0
  let repeated = 0
  let hasOddName = false
  for (const { isPlain, bit } of found) {
    if (!isPlain) hasOddName = true
    repeated |= known & bit
    known |= bit
  }
  return { names: found.map(({ text }) => text), hasOddName, known, repeated }
}

/**
 * The fields of one message in the order they came, built in one pass from the flat list Node hands out
 * (`rawHeaders`: name, value, name, value, ...). Names are lower case, duplicates are kept, nothing is joined:
 * `req.headers` hides a second `Authorization` or `Host`, this table does not.
 * Pseudo-header fields of HTTP/2 (names starting with `:`) are counted and left out.
 */
export class HeaderTable {
  /** Lower case, in order; the same list where a parser found the same names as in the head before. */
  readonly names: readonly string[]
  readonly #values: readonly string[]
  /** Size of the block as HTTP/1.1 would write it: name, `: `, value, CRLF for each field. */
  readonly bytes: number
  /** Size of the largest field, name and value. */
  readonly largestBytes: number
  /** How many pseudo-header fields were left out. */
  readonly pseudoFields: number
  /** Some name is not plain (`isPlainName`), so that slow checks are needed. */
  readonly hasOddName: boolean
  /** Which of `FIELD` are there. */
  readonly known: number
  /** Which of `FIELD` are there more than once. */
  readonly repeated: number
  /** Every value was seen to be visible ASCII and spaces; false where nobody looked. */
  readonly isPrintable: boolean

  /** `lines`: what a parser has read already, in place of the flat list. */
  constructor(rawHeaders: readonly string[], lines: FieldLines = fieldLines(rawHeaders)) {
    this.names = lines.names
    this.#values = lines.values
    this.bytes = lines.bytes
    this.largestBytes = lines.largestBytes
    this.pseudoFields = lines.pseudoFields
    this.hasOddName = lines.hasOddName
    this.known = lines.known
    this.repeated = lines.repeated
    this.isPrintable = lines.isPrintable
  }

  /** Number of fields, duplicates counted. */
  get size(): number {
    return this.names.length
  }

  /** Lower-case name of the field at `index`; empty out of range. */
  nameAt(index: number): string {
    return this.names[index] ?? ''
  }

  /** Value of the field at `index` as it came; empty out of range. */
  valueAt(index: number): string {
    return this.#values[index] ?? ''
  }

  /** First value of the field, `name` in lower case. */
  get(name: string): string | undefined {
    const index = this.#find(name)
    return index < 0 ? undefined : this.#values[index]
  }

  /** Every value of the field in order, `name` in lower case; empty when absent. */
  all(name: string): readonly string[] {
    const first = this.#find(name)
    if (first < 0) return NONE
    const found: string[] = []
    for (let i = first; i < this.names.length; i++) {
      if (this.names[i] === name) found.push(this.valueAt(i))
    }
    return found
  }

  /** Whether the field is there, `name` in lower case. */
  has(name: string): boolean {
    return this.#find(name) >= 0
  }

  /** How often the field is there, `name` in lower case. */
  count(name: string): number {
    let count = 0
    for (let i = 0; i < this.names.length; i++) if (this.names[i] === name) count++
    return count
  }

  // A loop over a handful of interned names is faster than the general search of the engine.
  #find(name: string): number {
    for (let i = 0; i < this.names.length; i++) if (this.names[i] === name) return i
    return -1
  }
}

const NONE: readonly string[] = Object.freeze([])

function fieldLines(rawHeaders: readonly string[]): FieldLines {
  const names: string[] = []
  const values: string[] = []
  let bytes = 0
  let largestBytes = 0
  let pseudoFields = 0
  let hasOddName = false
  let known = 0
  let repeated = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const size = name.length + value.length
    bytes += size + 4
    if (name.charCodeAt(0) === 58) {
      pseudoFields++
      continue
    }
    if (size > largestBytes) largestBytes = size
    const { text, isPlain, bit } = fieldNameAt(i >> 1, name)
    if (!isPlain) hasOddName = true
    repeated |= known & bit
    known |= bit
    names.push(text)
    values.push(value)
  }
  const isPrintable = false
  return {
    names,
    values,
    bytes,
    largestBytes,
    pseudoFields,
    hasOddName,
    known,
    repeated,
    isPrintable,
  }
}
