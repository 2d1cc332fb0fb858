import { readText, Unreadable } from './scalar.ts'
import type { ObjectType, TextType } from './text-type.ts'

/** Most items of an array, or members of an object, in one parameter. */
export const MAX_ITEMS = 1_000

/** Names that reach into prototypes [WIRE-06]. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  'prototype',
])

/** Reads the texts of an array by the type of its items. */
export function readArray(texts: readonly string[], items: TextType): unknown {
  if (texts.length > MAX_ITEMS)
    return new Unreadable('maxItems', `has more than ${MAX_ITEMS} items`)
  const values: unknown[] = []
  for (const text of texts) {
    const value = readText(text, items)
    if (value instanceof Unreadable) return value
    values.push(value)
  }
  return values
}

/** Reads named texts as an object. A name that comes twice is refused. */
export function readObject(
  entries: readonly (readonly [string, string])[],
  type: ObjectType,
): unknown {
  if (entries.length > MAX_ITEMS)
    return new Unreadable('maxProperties', `has more than ${MAX_ITEMS} members`)
  const result = Object.create(null) as Record<string, unknown>
  for (const [name, text] of entries) {
    if (FORBIDDEN_NAMES.has(name)) return new Unreadable('name', 'holds a name that is never taken')
    if (name in result) return new Unreadable('duplicate', 'holds a name twice')
    const value = readText(text, type.properties.get(name) ?? type.others)
    if (value instanceof Unreadable) return value
    result[name] = value
  }
  return result
}

/** Turns `a,1,b,2` cut at its commas into named texts. */
export function pairUp(
  texts: readonly string[],
): readonly (readonly [string, string])[] | Unreadable {
  if (texts.length % 2 !== 0) return new Unreadable('style', 'must be a list of names and values')
  const entries: [string, string][] = []
  for (let index = 0; index < texts.length; index += 2) {
    entries.push([texts[index] ?? '', texts[index + 1] ?? ''])
  }
  return entries
}

/** Turns `a=1` pieces into named texts. */
export function splitEntries(
  pieces: readonly string[],
  decode: (text: string) => string,
): readonly (readonly [string, string])[] | Unreadable {
  const entries: [string, string][] = []
  for (const piece of pieces) {
    const equals = piece.indexOf('=')
    if (equals < 0) return new Unreadable('style', 'must be a list of name=value')
    entries.push([decode(piece.slice(0, equals)), decode(piece.slice(equals + 1))])
  }
  return entries
}
