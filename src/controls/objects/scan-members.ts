const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** More members than this are not looked for in the text. */
const MAX_SCANNED = 4

/** A number in its one spelling, exact as a double. */
const PLAIN_NUMBER = /^(?:0|-?[1-9]\d{0,14})$/

/** Names of members, as they stand in a text. */
export type ScannedNames = readonly { readonly name: string; readonly bytes: Buffer }[]

/** Makes names ready. `undefined` where a text may write one in several ways, or there are too many. */
export function scannedNames(names: readonly string[]): ScannedNames | undefined {
  const isPlain = names.every((name) => /^[A-Za-z_]\w*$/.test(name) && name !== '__proto__')
  if (!isPlain || names.length === 0 || names.length > MAX_SCANNED) return undefined
  return names.map((name) => ({ name, bytes: Buffer.from(name) }))
}

/**
 * Reads members of the one object that a JSON text holds, without making values of the rest: in a third of the time.
 * Each must stand there exactly once, as a text without escapes or a plain number. `undefined` for anything else, and for
 * every doubt about the text: parse it then. One pass, bounded by the text.
 */
export function scanMembers(
  body: Buffer,
  names: ScannedNames,
): Record<string, string | number> | undefined {
  const found: Record<string, string | number> = {}
  let left = names.length
  let depth = 0
  let isKey = false
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] as number
    if (byte === QUOTE) {
      const end = depth === 1 && isKey ? keyEnd(body, at + 1) : stringEnd(body, at + 1)
      if (depth === 0 || end < 0) return undefined
      if (depth === 1 && isKey) {
        isKey = false
        const name = nameAt(body, at + 1, { end, names })
        if (name !== undefined) {
          const value = Object.hasOwn(found, name) ? undefined : valueAfter(body, end + 1)
          if (value === undefined) return undefined
          found[name] = value
          left -= 1
        }
      }
      at = end
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (depth === 0 && (byte === OPEN_LIST || isKey || !isBlank(body, 0, at))) return undefined
      depth += 1
      if (depth === 1) isKey = true
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1
      // Nothing may follow the object: what a second one holds was not looked at.
      if (depth === 0)
        return byte === CLOSE_OBJECT && left === 0 && isBlank(body, at + 1, body.length)
          ? found
          : undefined
    } else if (byte === COMMA && depth === 1) isKey = true
  }
  return undefined
}

function isBlank(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = body[at]
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return false
  }
  return true
}

function stringEnd(body: Buffer, start: number): number {
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at += 1
  }
  return -1
}

/** A key with escapes may be any name. */
function keyEnd(body: Buffer, start: number): number {
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) return -1
  }
  return -1
}

function nameAt(
  body: Buffer,
  start: number,
  { end, names }: { readonly end: number; readonly names: ScannedNames },
): string | undefined {
  for (const { name, bytes } of names) {
    if (bytes.length !== end - start) continue
    let same = 0
    while (same < bytes.length && bytes[same] === body[start + same]) same += 1
    if (same === bytes.length) return name
  }
  return undefined
}

function valueAfter(body: Buffer, start: number): string | number | undefined {
  let at = afterBlank(body, start)
  if (body[at] !== COLON) return undefined
  at = afterBlank(body, at + 1)
  if (body[at] === QUOTE) {
    const end = keyEnd(body, at + 1)
    return end < 0 ? undefined : plainText(body.toString('latin1', at + 1, end))
  }
  let end = at
  while (end < body.length && !isNumberEnd(body[end] as number)) end += 1
  const text = body.toString('latin1', at, end)
  return PLAIN_NUMBER.test(text) ? Number(text) : undefined
}

function afterBlank(body: Buffer, start: number): number {
  let at = start
  while (body[at] === 32 || body[at] === 10 || body[at] === 13 || body[at] === 9) at += 1
  return at
}

function isNumberEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte <= 32
}

/** Printable ASCII: what is beyond it is left to the parser. */
function plainText(text: string): string | undefined {
  return /^[\x20-\x7e]*$/.test(text) ? text : undefined
}
