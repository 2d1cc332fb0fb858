const QUOTE = 34
const COMMA = 44
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** More members than this are not looked for in a text. */
const MAX_NAMES = 16

/** Names of members as they stand in a text, each with what is known of it. */
export type MemberNames<T> = readonly {
  readonly name: string
  readonly bytes: Buffer
  readonly known: T
}[]

/** Where the value of a member stands in a text: its first byte, and the one behind it. */
export interface MemberRange<T> {
  readonly name: string
  readonly known: T
  readonly start: number
  readonly end: number
}

/** Makes names ready. `undefined` where a text may write one in several ways, or there are none or too many. */
export function memberNames<T>(names: ReadonlyMap<string, T>): MemberNames<T> | undefined {
  if (names.size === 0 || names.size > MAX_NAMES) return undefined
  const all = [...names].map(([name, known]) => ({ name, bytes: Buffer.from(name), known }))
  return all.every(({ name }) => /^[\x20-\x7e]+$/.test(name) && !/["\\]/.test(name))
    ? all
    : undefined
}

/**
 * Finds members of the object that a text holds, in the order of the text; none where it holds no object. The text must be
 * JSON in which none of the names stands twice or with escapes: whoever calls has seen to that. One pass; ends with the last.
 */
export function memberRanges<T>(body: Buffer, names: MemberNames<T>): readonly MemberRange<T>[] {
  const found: MemberRange<T>[] = []
  let at = skipBlank(body, 0)
  if (body[at] !== OPEN_OBJECT) return found
  while (found.length < names.length) {
    at = skipBlank(body, at + 1)
    if (body[at] !== QUOTE) return found
    const keyStart = at + 1
    const keyEnd = stringEnd(body, keyStart)
    // The colon stands between.
    const start = skipBlank(body, skipBlank(body, keyEnd + 1) + 1)
    const end = valueEnd(body, start)
    const wanted = nameAt(body, keyStart, { end: keyEnd, names })
    if (wanted !== undefined) found.push({ name: wanted.name, known: wanted.known, start, end })
    at = skipBlank(body, end)
    if (body[at] !== COMMA) return found
  }
  return found
}

/** Behind the last byte of a text: a body that is no JSON ends every loop here. */
function skipBlank(body: Buffer, start: number): number {
  let at = start
  while (body[at] === 32 || body[at] === 10 || body[at] === 13 || body[at] === 9) at += 1
  return at
}

/** The quote that ends a text. */
function stringEnd(body: Buffer, start: number): number {
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at += 1
  }
  return body.length
}

function valueEnd(body: Buffer, start: number): number {
  const first = body[start]
  if (first === QUOTE) return stringEnd(body, start + 1) + 1
  if (first === OPEN_OBJECT || first === OPEN_LIST) return structureEnd(body, start)
  let at = start
  while (at < body.length && !isScalarEnd(body[at] as number)) at += 1
  return at
}

function structureEnd(body: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at]
    if (byte === QUOTE) at = stringEnd(body, at + 1)
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth += 1
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return body.length
}

function isScalarEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte <= 32
}

function nameAt<T>(
  body: Buffer,
  start: number,
  { end, names }: { readonly end: number; readonly names: MemberNames<T> },
): MemberNames<T>[number] | undefined {
  for (const one of names) {
    const { bytes } = one
    if (bytes.length !== end - start) continue
    let same = 0
    while (same < bytes.length && bytes[same] === body[start + same]) same += 1
    if (same === bytes.length) return one
  }
  return undefined
}
