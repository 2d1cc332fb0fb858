/** A JSON text with what it says. */
export interface JsonAnswer {
  readonly value: unknown
  readonly text: string
}

const BYTE_ORDER_MARK = 0xfeff
const PARSED = new WeakMap<Buffer, JsonAnswer>()

/**
 * The value of an answer's bytes, which several controls look at one after another: parsed once for as long as the
 * bytes live. `undefined`: no JSON. The value must not be changed.
 */
export function jsonAnswer(bytes: Buffer): JsonAnswer | undefined {
  const known = PARSED.get(bytes)
  if (known !== undefined) return known
  const decoded = bytes.toString('utf8')
  const text = decoded.charCodeAt(0) === BYTE_ORDER_MARK ? decoded.slice(1) : decoded
  try {
    const answer = { value: JSON.parse(text) as unknown, text }
    PARSED.set(bytes, answer)
    return answer
  } catch {
    return undefined // no JSON: the caller says what that means
  }
}
