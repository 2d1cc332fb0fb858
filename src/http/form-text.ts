import type { MaybePromise } from '../base/maybe-promise.ts'
import { nextTurn } from '../base/next-turn.ts'
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
const SLICE_BYTES = 65_536

const AMPERSAND = 38
const EQUALS = 61
const PERCENT = 37

/** Parses the body of a form as `canonicalQuery` does a query; long ones come later. Never throws, never rejects. */
export function canonicalForm(body: Buffer): MaybePromise<CanonicalQuery | Fault> {
  return body.length > SLICE_BYTES ? inSlices(body) : canonicalQuery(body.toString('latin1'))
}

async function inSlices(body: Buffer): Promise<CanonicalQuery | Fault> {
  const pieces = piecesOf(body)
  if (pieces === undefined) return { fault: 'too_many_parameters' }
  const reader = new SlicedReader(body)
  const texts: string[] = []
  const pairs: QueryPair[] = []
  for (const [start, end] of pieces) {
    const mark = body.indexOf(EQUALS, start)
    const nameEnd = mark < 0 || mark > end ? end : mark
    const name = await reader.read(start, nameEnd)
    const value = await reader.read(Math.min(nameEnd + 1, end), end)
    if ('fault' in name) return name
    if ('fault' in value) return value
    if (isDangerousName(name.value)) return { fault: 'dangerous_name' }
    texts.push(nameEnd === end ? name.text : `${name.text}=${value.text}`)
    pairs.push([name.value, value.value, value.text])
  }
  return { text: texts.join('&'), pairs }
}

type Span = readonly [start: number, end: number]

/** What stands between `&`, without empty pieces; `undefined` for too many. */
function piecesOf(body: Buffer): readonly Span[] | undefined {
  const pieces: Span[] = []
  let start = 0
  for (let count = 0; start <= body.length; count++) {
    const mark = body.indexOf(AMPERSAND, start)
    const end = mark < 0 ? body.length : mark
    if (end > start) pieces.push([start, end])
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
  async read(
    start: number,
    end: number,
  ): Promise<{ readonly text: string; readonly value: string } | Fault> {
    const texts: string[] = []
    const values: string[] = []
    for (let from = start; from < end;) {
      if (this.#left <= 0) await this.#pause()
      const to = this.#sliceEnd(from, end)
      const part = canonicalPercent(this.#body.toString('latin1', from, to), QUERY_SET)
      if ('fault' in part) return part
      texts.push(part.text)
      values.push(formDecode(part.text))
      this.#left -= to - from
      from = to
    }
    return { text: texts.join(''), value: values.join('') }
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
