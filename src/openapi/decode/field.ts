import { parseJsonStrict } from '../../http/json-scan.ts'
import type { ParameterStyle } from '../model.ts'
import { readScalar, unreadable, Unreadable } from './scalar.ts'
import { splitterFor } from './splitter.ts'
import type { Splitter } from './splitter.ts'
import { readArray, readObject } from './structure.ts'
import type { TextType } from './text-type.ts'

/** How one named value is written. */
export interface FieldSpec {
  readonly name: string
  readonly type: TextType
  readonly style: ParameterStyle
  readonly explode: boolean
  /** `json`: one text holding JSON; `text`: one text as it stands; `styled`: as style and explode say. */
  readonly form: 'styled' | 'json' | 'text'
  /** Undoes the encoding of a piece; may throw `URIError`, which counts as unreadable. */
  readonly decode: (text: string) => string
}

/**
 * Reads the raw texts of one field (at least one). Where the schema allows several kinds, several readings come back in
 * the order of the schema, for the validator to choose from; else one, or why there is none. `decoded`: the only text
 * as `decode` gives it, where that was done already.
 */
export type FieldReader = (
  raw: readonly string[],
  decoded?: string,
) => readonly unknown[] | Unreadable

/** Compiles the reader of one field. */
export function compileField(spec: FieldSpec): FieldReader {
  const splitter = splitterFor(spec)
  const read =
    spec.form === 'styled' ? styledReader(spec.type, splitter) : wholeReader(spec, splitter)
  return (raw, decoded) => {
    try {
      return read(raw, decoded)
    } catch {
      // Only `decode` throws: a percent sign that stands for nothing.
      return new Unreadable('style', 'is not encoded correctly')
    }
  }
}

function wholeReader({ form }: FieldSpec, splitter: Splitter): FieldReader {
  return (raw, decoded) => {
    const text = decoded ?? splitter.scalar(raw)
    if (text instanceof Unreadable) return text
    if (form === 'text') return [text]
    return readJson(text)
  }
}

/** Reads a text that holds JSON, as strictly as a body [VAL-05]. */
export function readJson(text: string): readonly unknown[] | Unreadable {
  const parsed = parseJsonStrict(Buffer.from(text, 'utf8'))
  if (parsed.fault !== undefined) return new Unreadable('json', 'must be valid JSON')
  // Its digits would change when it is parsed: what is judged would not be what the API reads.
  if (parsed.unsafeIntegers.length > 0)
    return new Unreadable('json', 'must hold no integer beyond 2^53 - 1')
  return [parsed.value]
}

function styledReader(type: TextType, splitter: Splitter): FieldReader {
  const [kind] = type.scalars
  const isSingleScalar =
    type.scalars.length === 1 && type.items === undefined && type.object === undefined
  // Nearly all parameters: nothing to choose from.
  if (kind !== undefined && isSingleScalar) {
    return (raw, decoded) => {
      const text = decoded ?? splitter.scalar(raw)
      if (text instanceof Unreadable) return text
      const value = readScalar(text, kind)
      return value === undefined ? unreadable(type) : [value]
    }
  }
  return (raw) => pick(readings(type, splitter, raw))
}

function readings(type: TextType, splitter: Splitter, raw: readonly string[]): readonly unknown[] {
  const found: unknown[] = []
  if (type.scalars.length > 0) found.push(...scalarReadings(type, splitter.scalar(raw)))
  if (type.items !== undefined) {
    const texts = splitter.items(raw)
    found.push(texts instanceof Unreadable ? texts : readArray(texts, type.items))
  }
  if (type.object !== undefined) {
    const entries = splitter.entries(raw)
    found.push(entries instanceof Unreadable ? entries : readObject(entries, type.object))
  }
  return found
}

function scalarReadings(type: TextType, text: string | Unreadable): readonly unknown[] {
  if (text instanceof Unreadable) return [text]
  const values = type.scalars
    .map((kind) => readScalar(text, kind))
    .filter((one) => one !== undefined)
  return values.length > 0 ? [...new Set(values)] : [unreadable(type)]
}

function pick(found: readonly unknown[]): readonly unknown[] | Unreadable {
  const readable = found.filter((one) => !(one instanceof Unreadable))
  if (readable.length > 0) return readable
  const first = found.find((one) => one instanceof Unreadable)
  return first ?? new Unreadable('type', 'cannot be written as text')
}
