import { inOnePiece } from '../../base/one-piece.ts'
import { OwnValues } from './own-values.ts'

/** Heads that are remembered, each at the place that its kind and its number of fields give it; a power of two. */
const PLACES = 32
/** Longer heads hold texts that will hardly come again. */
const MAX_CHARS = 2_048
/** One out of so many heads takes the place of another one: some come in turn, and none again. */
const PATIENCE = 8

/** A head as it was written before: values that were always the same, and texts between those that were not. */
interface Written {
  readonly kind: number
  /** The flat list of fields. */
  readonly headers: readonly string[]
  /** Places in the list at which another text would make another head. */
  readonly fixed: readonly number[]
  /** Places of values that differ from one head to the next. */
  readonly varying: readonly number[]
  /** What stands before the first of them, between two, and behind the last. */
  readonly texts: readonly string[]
}

/**
 * Remembers heads that were written: one is like the one before but for a few values, so the lines between are found by
 * comparing references, and were checked and put together once. `kind`: a number that heads of one form share.
 */
export class HeadLines {
  readonly #places: (Written | undefined)[] = Array.from({ length: PLACES })
  readonly #own: OwnValues
  #others = 0

  /** `own`: of the field whose long values the gateway makes itself. */
  constructor(own: OwnValues = new OwnValues('')) {
    this.#own = own
  }

  /** First line and fields, where a head of this form was learned; `undefined`: they have to be checked and written. */
  find(kind: number, headers: readonly string[]): string | undefined {
    const known = this.#places[placeOf(kind, headers)]
    if (known?.kind !== kind || known.headers.length !== headers.length) return undefined
    const { fixed, varying, texts } = known
    for (let i = 0; i < fixed.length; i += 1) {
      const place = fixed[i] ?? 0
      if (headers[place] !== known.headers[place]) return undefined
    }
    let text = texts[0] ?? ''
    for (let i = 0; i < varying.length; i += 1) {
      const place = varying[i] ?? 1
      const value = headers[place] ?? ''
      if (this.#own.hasControl(headers[place - 1] ?? '', value)) return undefined
      text += value + (texts[i + 1] ?? '')
    }
    return text
  }

  /** Learns a head of which every field was checked and written, one line for each, behind its first line. */
  learn(kind: number, firstLine: string, headers: readonly string[]): void {
    if (charsOf(headers) > MAX_CHARS) return
    const place = placeOf(kind, headers)
    const known = this.#places[place]
    const varying = known === undefined ? [] : differing(known, kind, headers)
    if (varying === undefined) {
      this.#others += 1
      if (this.#others % PATIENCE !== 0) return
    }
    this.#places[place] = written(kind, firstLine, { headers, varying: varying ?? [] })
  }
}

function placeOf(kind: number, headers: readonly string[]): number {
  return (kind * 7 + (headers.length >> 1)) % PLACES
}

function charsOf(headers: readonly string[]): number {
  let chars = 0
  for (const text of headers) chars += text.length
  return chars
}

/** Places of values that differ now or did before; `undefined`: it is another head. */
function differing(
  known: Written,
  kind: number,
  headers: readonly string[],
): readonly number[] | undefined {
  if (known.kind !== kind || known.headers.length !== headers.length) return undefined
  const varying: number[] = []
  for (let i = 0; i < headers.length; i += 1) {
    if (headers[i] === known.headers[i] && !known.varying.includes(i)) continue
    if (i % 2 === 0) return undefined
    varying.push(i)
  }
  return varying
}

function written(
  kind: number,
  firstLine: string,
  {
    headers,
    varying,
  }: { readonly headers: readonly string[]; readonly varying: readonly number[] },
): Written {
  const texts: string[] = []
  const fixed: number[] = []
  let text = firstLine
  for (let i = 0; i + 1 < headers.length; i += 2) {
    text += `${headers[i] ?? ''}: `
    fixed.push(i)
    if (varying.includes(i + 1)) {
      texts.push(inOnePiece(text))
      text = ''
    } else {
      fixed.push(i + 1)
      text += headers[i + 1] ?? ''
    }
    text += '\r\n'
  }
  texts.push(inOnePiece(text))
  return { kind, headers: [...headers], fixed, varying, texts }
}
