import type { ParameterStyle } from '../model.ts'
import { pairUp, splitEntries } from './structure.ts'
import { Unreadable } from './scalar.ts'

type Entries = readonly (readonly [string, string])[]

/** Takes the texts of one parameter apart as its style says; texts come raw (still encoded), pieces go out decoded. */
export interface Splitter {
  scalar(raw: readonly string[]): string | Unreadable
  items(raw: readonly string[]): readonly string[] | Unreadable
  entries(raw: readonly string[]): Entries | Unreadable
}

/** What a splitter is made for. */
export interface SplitterInput {
  readonly name: string
  readonly style: ParameterStyle
  readonly explode: boolean
  /** Undoes the encoding of one piece; may not throw for canonical text. */
  readonly decode: (text: string) => string
}

const TWICE = new Unreadable('duplicate', 'must come once')
const WRONG_STYLE = new Unreadable('style', 'is not written in the declared style')

/**
 * Makes the splitter of a style. `deepObject` and exploded `form` objects spread over several names and are put
 * together by the field set instead.
 * @see OpenAPI 3.2.0 section 4.12.5 (style values)
 */
export function splitterFor(input: SplitterInput): Splitter {
  switch (input.style) {
    case 'simple':
      return prefixed(input, { prefix: '', separator: ',', exploded: ',' })
    case 'label':
      return prefixed(input, { prefix: '.', separator: ',', exploded: '.' })
    case 'matrix':
      return matrix(input)
    case 'spaceDelimited':
      return form(input, /%20|\+/)
    case 'pipeDelimited':
      return form(input, /%7C|\|/i)
    case 'form':
    case 'cookie':
    case 'deepObject':
      return form(input, /,/)
  }
}

function once(raw: readonly string[]): string | Unreadable {
  return raw.length === 1 ? (raw[0] ?? '') : TWICE
}

interface Marks {
  readonly prefix: string
  readonly separator: string
  readonly exploded: string
}

function prefixed({ explode, decode }: SplitterInput, marks: Marks): Splitter {
  const cut = (raw: readonly string[]): string | Unreadable => {
    const text = once(raw)
    if (text instanceof Unreadable) return text
    return text.startsWith(marks.prefix) ? text.slice(marks.prefix.length) : WRONG_STYLE
  }
  const pieces = (text: string): readonly string[] =>
    text.split(explode ? marks.exploded : marks.separator)
  return {
    scalar: (raw) => map(cut(raw), decode),
    items: (raw) => map(cut(raw), (text) => pieces(text).map(decode)),
    entries: (raw) =>
      map(cut(raw), (text) =>
        explode ? splitEntries(pieces(text), decode) : pairUp(pieces(text).map(decode)),
      ),
  }
}

function matrix({ name, explode, decode }: SplitterInput): Splitter {
  const pieces = (raw: readonly string[]): readonly string[] | Unreadable => {
    const text = once(raw)
    if (text instanceof Unreadable) return text
    return text.startsWith(';') ? text.slice(1).split(';') : WRONG_STYLE
  }
  const value = (piece: string): string | Unreadable => {
    if (decode(piece) === name) return ''
    const equals = piece.indexOf('=')
    return equals > 0 && decode(piece.slice(0, equals)) === name
      ? piece.slice(equals + 1)
      : WRONG_STYLE
  }
  const single = (raw: readonly string[]): string | Unreadable =>
    map(pieces(raw), (list) => (list.length === 1 ? value(list[0] ?? '') : WRONG_STYLE))
  const exploded = (list: readonly string[]): readonly string[] | Unreadable => {
    const values = list.map(value)
    const wrong = values.find((one) => one instanceof Unreadable)
    return wrong ?? values.filter((one) => typeof one === 'string').map(decode)
  }
  return {
    scalar: (raw) => map(single(raw), decode),
    items: (raw) =>
      explode
        ? map(pieces(raw), exploded)
        : map(single(raw), (text) => text.split(',').map(decode)),
    entries: (raw) =>
      explode
        ? map(pieces(raw), (list) => splitEntries(list, decode))
        : map(single(raw), (text) => pairUp(text.split(',').map(decode))),
  }
}

function form({ explode, decode }: SplitterInput, separator: RegExp): Splitter {
  const list = (raw: readonly string[]): readonly string[] | Unreadable =>
    map(once(raw), (text) => splitList(text, separator, decode))
  return {
    scalar: (raw) => map(once(raw), decode),
    items: (raw) => (explode ? raw.map(decode) : list(raw)),
    entries: (raw) => map(list(raw), pairUp),
  }
}

/**
 * A delimiter that is encoded belongs to an item (RFC 6570); yet many clients encode every comma, and servers decode
 * before they split. So where no bare delimiter stands, encoded ones are delimiters.
 */
function splitList(
  text: string,
  separator: RegExp,
  decode: (text: string) => string,
): readonly string[] {
  const pieces = text.split(separator)
  if (pieces.length > 1 || !text.includes('%2C') || separator.source !== ',')
    return pieces.map(decode)
  return text.split('%2C').map(decode)
}

function map<A, B>(value: A | Unreadable, change: (value: A) => B | Unreadable): B | Unreadable {
  return value instanceof Unreadable ? value : change(value)
}
