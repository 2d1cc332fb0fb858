const MAX_PARTS = 512

/**
 * JSON Pointer (RFC 6901) of the value at a byte offset of a text that `scanJson` accepted, such as one of its
 * `unsafeIntegers`; empty for the whole. For messages and declared exceptions, off the hot path: one walk per call.
 */
export function jsonPointerAt(bytes: Uint8Array, offset: number): string {
  const path: (string | number)[] = []
  let lastString = ''
  for (let at = 0; at < offset && at < bytes.length && path.length <= MAX_PARTS; at++) {
    const byte = bytes[at]
    if (byte === 34) {
      const end = stringEnd(bytes, at)
      lastString = Buffer.from(bytes.subarray(at, end)).toString('utf8')
      at = end - 1
    } else if (byte === 123) path.push('')
    else if (byte === 91) path.push(0)
    else if (byte === 125 || byte === 93) path.pop()
    else if (byte === 58) path[path.length - 1] = JSON.parse(lastString) as string
    else if (byte === 44) step(path)
  }
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A comma moves on in an array; in an object the next key replaces the last part anyway. */
function step(path: (string | number)[]): void {
  const last = path.at(-1)
  if (typeof last === 'number') path[path.length - 1] = last + 1
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== 34) at += bytes[at] === 92 ? 2 : 1
  return at + 1
}
