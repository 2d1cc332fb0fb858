const QUOTE = 34
const BACKSLASH = 92
const MINUS = 45
const DOT = 46
const ZERO = 48
const NINE = 57
const CAPITAL_E = 69
const SMALL_E = 101
/** More digits than this may not fit a double exactly. */
const MAX_EXACT_DIGITS = 15
/** JavaScript writes a fraction that begins with more zeros with an exponent. */
const MAX_LEADING_ZEROS = 5

/**
 * Whether a JSON text holds a number that JavaScript would write in another way: more than 15 digits, a zero at the
 * end of a fraction, an exponent, minus zero, less than a millionth. Strings are stepped over. May say yes where
 * JavaScript would have written the number alike, never no where it would not.
 * @param json well-formed. One pass, no allocation.
 */
export function hasFragileNumber(json: string): boolean {
  for (let at = 0; at < json.length;) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = afterString(json, at + 1)
    else if (code === MINUS || isDigit(code)) {
      at = afterNumber(json, at)
      if (at < 0) return true
    } else at += 1
  }
  return false
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function afterString(json: string, start: number): number {
  let at = start
  for (; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH) at += 1
  }
  return at
}

/** Where the number that begins at `start` ends, or -1 when it is fragile. */
function afterNumber(json: string, start: number): number {
  const isNegative = json.charCodeAt(start) === MINUS
  const first = isNegative ? start + 1 : start
  let dotAt = -1
  let zeros = 0
  let at = first
  for (; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === DOT) dotAt = at
    else if (code === ZERO && dotAt >= 0 && at === dotAt + 1 + zeros) zeros += 1
    else if (code === CAPITAL_E || code === SMALL_E) return -1
    else if (!isDigit(code)) break
  }
  const endsInZero = json.charCodeAt(at - 1) === ZERO
  const digits = at - first - (dotAt < 0 ? 0 : 1)
  const isPadded = dotAt >= 0 && endsInZero
  const isMinusZero = isNegative && digits === 1 && endsInZero
  const isFragile =
    digits > MAX_EXACT_DIGITS || zeros > MAX_LEADING_ZEROS || isPadded || isMinusZero
  return isFragile ? -1 : at
}
