/** A JSON text and what it says. */
export interface ParsedAnswer {
  readonly value: unknown
  readonly text: string
}

const BYTE_ORDER_MARK = 0xfeff

/** Reads a body as JSON; `undefined` where it is none. */
export function parseAnswer(body: Buffer): ParsedAnswer | undefined {
  const decoded = body.toString('utf8')
  const text = decoded.charCodeAt(0) === BYTE_ORDER_MARK ? decoded.slice(1) : decoded
  try {
    return { value: JSON.parse(text) as unknown, text }
  } catch {
    return undefined // no JSON: the caller says what that means
  }
}
