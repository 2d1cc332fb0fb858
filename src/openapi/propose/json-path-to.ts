import { splitPointer, step } from '../load/pointer.ts'

/** Longest path that Overlays are read with. */
const MAX_CHARS = 2_000

/**
 * The JSONPath of a JSON Pointer into a document, for Overlays.
 * @returns `undefined` where nothing stands there or the path would be too long.
 * @see RFC 9535 section 2.7, normalized paths; plain names are written with a dot
 */
export function jsonPathTo(root: unknown, pointer: string): string | undefined {
  const names = splitPointer(pointer)
  if (names === undefined) return undefined
  let path = '$'
  let at = root
  for (const name of names) {
    path += Array.isArray(at) ? `[${name}]` : memberPath(name)
    at = step(at, name)
    if (at === undefined) return undefined
  }
  return path.length > MAX_CHARS ? undefined : path
}

/** One member as a JSONPath writes it. */
export function memberPath(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `['${quoted(name)}']`
}

/** A text between single quotes. */
export function quoted(text: string): string {
  return text.replaceAll(/[\\'\p{Cc}]/gu, (character) =>
    character === '\\' || character === "'"
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
