/** Names of fields that often hold a URL which the API goes and fetches. */
const URL_NAME =
  /(?:ur[li]|href|callback|hook|endpoint|avatar|image|icon|logo|picture|photo|thumbnail|link|target|src|source|feed|proxy|api|server|site)s?$/i

/** The longest of them. */
const MAX_URL_NAME = 'thumbnails'.length

/** Where a browser is sent after a log-in: native apps listen on loopback (RFC 8252 section 7.3); nobody fetches it. */
const REDIRECT_NAME = /^(?:post_?logout_?)?redirect_?ur[il]s?$/i

/**
 * A scheme, or a host without one; URL parsers pass over white space in front. So much of it that nobody writes it may
 * hide anything, and no scheme that is asked about is so long: a long text is not read to its end for this.
 */
const URL_SHAPE = /^[\s\0-\x1f]{0,64}(?:[a-z][a-z0-9+.-]{0,31}:|[\\/]{2}|(?<=[\s\0-\x1f]{64}))/i

const SPACE = 32
const COLON = 58
const LONGEST_SCHEME = 32
/** What stands in `SCHEME_UNITS`. */
const [LETTER, OTHER, SLASH] = [1, 2, 3]

/** By UTF-16 unit: whether it begins a scheme, may stand in one, or is a slash of either kind. */
const SCHEME_UNITS: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, unit) => {
  const char = String.fromCharCode(unit)
  if (/[a-z]/i.test(char)) return LETTER
  if (/[0-9+.-]/.test(char)) return OTHER
  return /[\\/]/.test(char) ? SLASH : 0
})

/** Whether values under a name tell a browser where to go, and nothing else. */
export function isRedirectName(name: string): boolean {
  return REDIRECT_NAME.test(name)
}

/** Whether values under a name are often fetched. */
export function isUrlName(name: string): boolean {
  // Only the end decides, and a search through long names would cost.
  return URL_NAME.test(name.slice(-MAX_URL_NAME))
}

/** Whether a text begins like a URL, so that it may lead anywhere at all. Yes where in doubt. */
export function looksLikeUrl(text: string): boolean {
  if (text === '') return false
  const first = text.charCodeAt(0)
  // Every text of a body is asked about, and nearly all begin with a letter or a digit: no expression for those.
  if (first >= 128 || first <= SPACE) return URL_SHAPE.test(text)
  const start = SCHEME_UNITS[first]
  if (start === LETTER) return beginsWithScheme(text)
  return start === SLASH && SCHEME_UNITS[text.charCodeAt(1)] === SLASH
}

/** The first character is a letter. */
function beginsWithScheme(text: string): boolean {
  const end = Math.min(text.length - 1, LONGEST_SCHEME)
  for (let i = 1; i <= end; i++) {
    const unit = text.charCodeAt(i)
    if (unit === COLON) return true
    const kind = SCHEME_UNITS[unit]
    if (kind !== LETTER && kind !== OTHER) return false
  }
  return false
}
