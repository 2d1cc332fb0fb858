const MAX_PARTS = 512

/** In an object before its first name. */
const NO_NAME = -1

/**
 * JSON Pointer (RFC 6901) of the value at a byte offset of a text that `scanJson` accepted, such as one of its
 * `unsafeIntegers`; empty for the whole. For messages and declared exceptions, off the hot path: one walk per call.
 */
export function jsonPointerAt(bytes: Uint8Array, offset: number): string {
  // Of each container around it: in an array, the place; in an object, less than 0, `namedAt` where the name stands.
  const path: number[] = []
  let stringAt = 0
  for (let at = 0; at < offset && at < bytes.length && path.length <= MAX_PARTS; at++) {
    const byte = bytes[at]
    if (byte === 34) {
      stringAt = at
      at = stringEnd(bytes, at) - 1
    } else if (byte === 123) path.push(NO_NAME)
    else if (byte === 91) path.push(0)
    else if (byte === 125 || byte === 93) path.pop()
    else if (byte === 58) path[path.length - 1] = namedAt(stringAt)
    else if (byte === 44) step(path)
  }
  return path.map((part) => `/${partText(bytes, part)}`).join('')
}

/** What stands for a name that begins at an offset: its own inverse. */
function namedAt(offset: number): number {
  return NO_NAME - offset
}

/** A comma moves on in an array; in an object the next key replaces the last part anyway. */
function step(path: number[]): void {
  const last = path.at(-1) ?? NO_NAME
  if (last > NO_NAME) path[path.length - 1] = last + 1
}

/** Names are read only where they are told: most that the walk comes by are not. */
function partText(bytes: Uint8Array, part: number): string {
  if (part > NO_NAME) return String(part)
  if (part === NO_NAME) return ''
  const start = namedAt(part)
  const name = Buffer.from(bytes.subarray(start, stringEnd(bytes, start))).toString('utf8')
  return (JSON.parse(name) as string).replaceAll('~', '~0').replaceAll('/', '~1')
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== 34) at += bytes[at] === 92 ? 2 : 1
  return at + 1
}
