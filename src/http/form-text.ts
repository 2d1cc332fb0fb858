import type { MaybePromise } from '../base/maybe-promise.ts'
import { nextTurn } from '../base/next-turn.ts'
import { makeFormReader, MAX_SPAN_BYTES } from './form-wasm.ts'
import type { FormReader, SpanText } from './form-wasm.ts'
import { canonicalPercent, formDecode } from './percent.ts'
import {
  canonicalQuery,
  isDangerousName,
  MAX_PIECES,
  MAX_QUERY_PARAMETERS,
  QUERY_SET,
} from './query.ts'
import type { CanonicalQuery, QueryFault, QueryPair } from './query.ts'

type Fault = { readonly fault: QueryFault }

/** Longer forms are taken in slices of so many bytes, about 0.2 ms each, with other requests served between. */
const SLICE_BYTES = MAX_SPAN_BYTES
/** Shorter names and values are not worth a copy. */
const SHORT_SPAN = 64
/** Shorter ones are read as the queries they look like. */
const SHORT_BYTES = 2048

const AMPERSAND = 38
const EQUALS = 61
const PERCENT = 37

/** Parses the body of a form as `canonicalQuery` does a query; long ones come later. Never throws, never rejects. */
export function canonicalForm(body: Buffer): MaybePromise<CanonicalQuery | Fault> {
  return readForm(body, undefined)
}

/**
 * The pairs of a form, as `canonicalForm` reads them. How a value was spelled is told of the fields in `spelled` only;
 * for others what it means stands in its place: to spell a megabyte anew would cost more than to read it.
 */
export function formPairs(
  body: Buffer,
  spelled: ReadonlySet<string>,
): MaybePromise<{ readonly pairs: readonly QueryPair[] } | Fault> {
  return readForm(body, spelled)
}

/** `spelled`: all, where it is missing. */
function readForm(
  body: Buffer,
  spelled: ReadonlySet<string> | undefined,
): MaybePromise<CanonicalQuery | Fault> {
  if (body.length <= SHORT_BYTES) return canonicalQuery(body.toString('latin1'))
  const pieces = piecesOf(body)
  if (pieces === undefined) return { fault: 'too_many_parameters' }
  const gathered = new Gathered(spelled)
  return body.length > SLICE_BYTES
    ? inSlices(body, pieces, gathered)
    : atOnce(body, pieces, gathered)
}

function atOnce(
  body: Buffer,
  pieces: readonly Piece[],
  gathered: Gathered,
): CanonicalQuery | Fault {
  for (const piece of pieces) {
    const { start, nameEnd, end } = piece
    const name = readSpan(body, { start, end: nameEnd }, gathered.spellsNames)
    const isSpelled = gathered.spells(name)
    const value = readSpan(body, { start: Math.min(nameEnd + 1, end), end }, isSpelled)
    const fault = gathered.add(piece, name, value)
    if (fault !== undefined) return fault
  }
  return gathered.query()
}

async function inSlices(
  body: Buffer,
  pieces: readonly Piece[],
  gathered: Gathered,
): Promise<CanonicalQuery | Fault> {
  const reader = new SlicedReader(body)
  for (const piece of pieces) {
    const { start, nameEnd, end } = piece
    const name = await reader.read({ start, end: nameEnd }, gathered.spellsNames)
    const isSpelled = gathered.spells(name)
    const value =
      'fault' in name
        ? name
        : await reader.read({ start: Math.min(nameEnd + 1, end), end }, isSpelled)
    const fault = gathered.add(piece, name, value)
    if (fault !== undefined) return fault
  }
  return gathered.query()
}

let made: FormReader | 'none' | undefined

interface Span {
  readonly start: number
  readonly end: number
}

/** What stands between two offsets, none of them inside what is written for one character. */
function readSpan(body: Buffer, { start, end }: Span, isSpelled: boolean): SpanText | Fault {
  if (end - start > SHORT_SPAN) {
    made ??= makeFormReader() ?? 'none'
    const read = made === 'none' ? undefined : readLong(made, body.subarray(start, end), isSpelled)
    if (read !== undefined) return read
  }
  const spelling = canonicalPercent(body.toString('latin1', start, end), QUERY_SET)
  if ('fault' in spelling) return spelling
  const value = formDecode(spelling.text)
  return { text: isSpelled ? spelling.text : value, value }
}

/** `undefined` where the twin has to read it. */
function readLong(
  reader: FormReader,
  bytes: Buffer,
  isSpelled: boolean,
): SpanText | Fault | undefined {
  const { length } = bytes
  if (isSpelled) {
    const read = reader.span(bytes, 0, length)
    if (read !== undefined) return read
  } else {
    const value = reader.meaning(bytes, 0, length)
    if (value !== undefined) return { text: value, value }
  }
  // The twin says what is wrong, and need not look for it.
  const rest = canonicalPercent(bytes.toString('latin1', reader.failedAt()), QUERY_SET)
  return 'fault' in rest ? rest : undefined
}

/** The pairs so far. */
class Gathered {
  readonly #spelled: ReadonlySet<string> | undefined
  readonly #texts: string[] = []
  readonly #pairs: QueryPair[] = []

  constructor(spelled: ReadonlySet<string> | undefined) {
    this.#spelled = spelled
  }

  /** Only the text of a whole form holds them. */
  get spellsNames(): boolean {
    return this.#spelled === undefined
  }

  /** Whether it is told how the value of a name was spelled. */
  spells(name: SpanText | Fault): boolean {
    return this.#spelled === undefined || ('value' in name && this.#spelled.has(name.value))
  }

  /** Adds a pair; why the form is refused, where it is. */
  add({ nameEnd, end }: Piece, name: SpanText | Fault, value: SpanText | Fault): Fault | undefined {
    if ('fault' in name) return name
    if ('fault' in value) return value
    if (isDangerousName(name.value)) return { fault: 'dangerous_name' }
    if (this.#spelled === undefined)
      this.#texts.push(nameEnd === end ? name.text : `${name.text}=${value.text}`)
    this.#pairs.push([name.value, value.value, value.text])
    return undefined
  }

  query(): CanonicalQuery {
    return { text: this.#texts.join('&'), pairs: this.#pairs }
  }
}

/** Where a pair stands; `nameEnd` is `end` where it has no `=`. */
interface Piece {
  readonly start: number
  readonly nameEnd: number
  readonly end: number
}

/** What stands between `&`, without empty pieces; `undefined` for too many. */
function piecesOf(body: Buffer): readonly Piece[] | undefined {
  const pieces: Piece[] = []
  let start = 0
  let equals = body.indexOf(EQUALS)
  for (let count = 0; start <= body.length; count++) {
    const mark = body.indexOf(AMPERSAND, start)
    const end = mark < 0 ? body.length : mark
    if (equals >= 0 && equals < start) equals = body.indexOf(EQUALS, start)
    if (end > start) pieces.push({ start, nameEnd: equals < 0 || equals > end ? end : equals, end })
    if (count === MAX_PIECES || pieces.length > MAX_QUERY_PARAMETERS) return undefined
    start = end + 1
  }
  return pieces
}

/** Reads parts of a form, and lets others have their turn after each slice. */
class SlicedReader {
  readonly #body: Buffer
  #left = SLICE_BYTES

  constructor(body: Buffer) {
    this.#body = body
  }

  /** The canonical text between two offsets, and what it means. */
  async read({ start, end }: Span, isSpelled: boolean): Promise<SpanText | Fault> {
    const texts: string[] = []
    const values: string[] = []
    for (let from = start; from < end;) {
      if (this.#left <= 0) await this.#pause()
      const to = this.#sliceEnd(from, end)
      const part = readSpan(this.#body, { start: from, end: to }, isSpelled)
      if ('fault' in part) return part
      if (isSpelled) texts.push(part.text)
      values.push(part.value)
      this.#left -= to - from
      from = to
    }
    const value = values.join('')
    return { text: isSpelled ? texts.join('') : value, value }
  }

  async #pause(): Promise<void> {
    await nextTurn()
    this.#left = SLICE_BYTES
  }

  /** Where a slice may end: not inside what is written for one character, which is at most twelve bytes. */
  #sliceEnd(start: number, end: number): number {
    let to = Math.min(end, start + SLICE_BYTES)
    for (let back = 0; back < 12 && to < end && this.#isInsideCharacter(to); back++) to--
    return to
  }

  #isInsideCharacter(at: number): boolean {
    const body = this.#body
    if (body[at - 1] === PERCENT || body[at - 2] === PERCENT) return true
    // The digits 8, 9, A and B begin the bytes that begin no character (RFC 3629 section 3).
    return body[at] === PERCENT && '89ABab'.includes(String.fromCharCode(body[at + 1] ?? 0))
  }
}
