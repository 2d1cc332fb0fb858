import { parseAddress } from '../base/address.ts'

const NUMBER_SIGN = 35
const DOT = 46
const SLASH = 47
const ZERO = 48
const NINE = 57
const COLON = 58
const QUESTION_MARK = 63
/** What stands in `UNITS`. */
const [LETTER, OTHER] = [1, 2]

/** By UTF-16 unit: what labels are made of here. */
const UNITS: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, unit) => {
  const char = String.fromCharCode(unit)
  if (/[a-z]/i.test(char)) return LETTER
  return /[0-9_-]/.test(char) ? OTHER : 0
})

/**
 * The host, in lower case, that stands at `from` in a URL, behind its slashes, where it is written so plainly that every
 * program reads the same one: labels of ASCII with a last one of letters, or four decimal numbers; a port, perhaps; then
 * the end, a slash, `?` or `#`. `undefined`: it may be anything.
 * @see RFC 3986 section 3.2, WHATWG URL section 3.5
 */
export function plainHost(text: string, from: number): string | undefined {
  let at = from
  let labelAt = from
  let labels = 1
  let isOfLetters = true
  for (; ; at++) {
    const unit = text.charCodeAt(at)
    if (unit === DOT) {
      if (at === labelAt) return undefined
      labels += 1
      labelAt = at + 1
      isOfLetters = true
      continue
    }
    const kind = UNITS[unit]
    if (kind === OTHER) isOfLetters = false
    else if (kind !== LETTER) break
  }
  if (labels < 2 || at === labelAt || !endsAuthority(text, at)) return undefined
  const host = text.slice(from, at).toLowerCase()
  return isOfLetters || parseAddress(host) !== undefined ? host : undefined
}

/** Whether nothing but a port stands between `from` and the end of the authority. */
function endsAuthority(text: string, from: number): boolean {
  let at = from
  let unit = text.charCodeAt(at)
  if (unit === COLON) {
    do unit = text.charCodeAt(++at)
    while (unit >= ZERO && unit <= NINE)
  }
  return at === text.length || unit === SLASH || unit === QUESTION_MARK || unit === NUMBER_SIGN
}
