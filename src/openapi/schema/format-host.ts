// Names and addresses are read character by character: a regular expression takes several times as long for the many
// short texts of a hostile body.

const DASH = 45
const DOT = 46
const COLON = 58

/** What a character may stand for: bits of `KINDS`. */
export const KIND: {
  readonly digit: 1
  readonly hex: 2
  readonly alphanumeric: 4
} = { digit: 1, hex: 2, alphanumeric: 4 }

const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  const digit = /\d/.test(char) ? KIND.digit : 0
  const hex = /[\da-f]/i.test(char) ? KIND.hex : 0
  return digit | hex | (/[\da-z]/i.test(char) ? KIND.alphanumeric : 0)
})

/** Whether a character is of a kind. */
export function isOf(code: number, kind: number): boolean {
  return ((KINDS[code] ?? 0) & kind) !== 0
}

const MAX_NAME = 253
const MAX_LABEL = 63

/** RFC 1123 section 2.1: labels of letters, digits and inner hyphens, from `from` to the end of the text. */
export function isHostname(text: string, from = 0): boolean {
  if (text.length - from > MAX_NAME) return false
  let start = from
  for (let at = from; at <= text.length; at++) {
    const code = at === text.length ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      const isLabel = at > start && at - start <= MAX_LABEL
      if (!isLabel || text.charCodeAt(start) === DASH || text.charCodeAt(at - 1) === DASH)
        return false
      start = at + 1
    } else if (code !== DASH && !isOf(code, KIND.alphanumeric)) return false
  }
  return true
}

/** Four decimal numbers up to 255 without zeros in front (RFC 3986 section 3.2.2), from `from` to before `to`. */
export function isIpv4(text: string, from = 0, to: number = text.length): boolean {
  let value = -1
  let parts = 0
  for (let at = from; at <= to; at++) {
    const code = at === to ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (value < 0 || ++parts > 4) return false
      value = -1
      continue
    }
    // Another digit behind a zero.
    if (value === 0 || !isOf(code, KIND.digit)) return false
    value = Math.max(value, 0) * 10 + code - 48
    if (value > 255) return false
  }
  return parts === 4
}

/** RFC 4291 section 2.2, without a zone, from `from` to before `to`. */
export function isIpv6(text: string, from = 0, to: number = text.length): boolean {
  let groups = 0
  let isShortened = false
  let at = from
  // A colon begins only a text that begins with two.
  if (text.charCodeAt(at) === COLON && text.charCodeAt(++at) !== COLON) return false
  while (at < to) {
    if (text.charCodeAt(at) === COLON) {
      // Behind the colon of the group before.
      if (isShortened) return false
      isShortened = true
      at++
      continue
    }
    const start = at
    while (at < to && isOf(text.charCodeAt(at), KIND.hex)) at++
    if (at < to && text.charCodeAt(at) === DOT)
      return isIpv4(text, start, to) && isWhole(groups + 2, isShortened)
    if (at === start || at - start > 4) return false
    groups++
    if (at === to) return isWhole(groups, isShortened)
    if (text.charCodeAt(at) !== COLON || groups > 8) return false
    at++
    if (at === to) return false
  }
  return isShortened && groups < 8
}

/** Eight groups, or fewer around `::`. */
function isWhole(groups: number, isShortened: boolean): boolean {
  return isShortened ? groups < 8 : groups === 8
}
