/** What stands in a log where a secret stood. */
const REDACTED = '[redacted]'

/** Longest text that is searched; the rest is cut off before, so that a search costs a bounded time. */
const MAX_SEARCHED_CHARS = 8192

/** What is looked for, and what is put in its place. */
export interface Pattern {
  /** One of these stands in every text that the pattern finds something in; most texts have none. */
  readonly needs: readonly string[]
  readonly find: RegExp
  readonly put: string
}

// Every pattern starts at a literal and eats greedily without a required tail, or has bounded repeats: hostile text
// costs linear time. None is anchored on the left, since `%3Dsp_…` and `xpassword=` leak as well.
/** Exported for its tests. */
export const PATTERNS: readonly Pattern[] = [
  // Whole header lines: cookies and credentials hold `;`, `=` and blanks, so all up to the end of the line goes.
  {
    needs: [':', '='],
    find: /((?:authorization|cookie|dpop|x-api-key|x-auth-token)\\{0,7}["']?\s{0,4}[:=]\s{0,4})[^\r\n]+/gi,
    put: `$1${REDACTED}`,
  },
  {
    needs: ['-----BEGIN'],
    find: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY[\s\S]*?(?:-----END|$)/g,
    put: REDACTED,
  },
  // Gateway keys, with the default prefix or another one.
  { needs: ['_'], find: /[a-z0-9]{0,16}_(?:sk|pk)_[\w-]{6,}/gi, put: REDACTED },
  { needs: ['sp_'], find: /sp_(?=[a-z_-]{0,64}[0-9A-Z])[\w-]{8,}/g, put: REDACTED },
  // Wrapped tokens of APIs.
  { needs: ['spw_'], find: /spw_[\w-]{8,}/g, put: REDACTED },
  { needs: ['eyJ'], find: /eyJ[\w.~+/=-]{8,}/g, put: REDACTED },
  {
    needs: [''], // too many kinds of blanks to list
    find: /((?:bearer|basic|apikey|dpop|digest|negotiate)(?:\s|%20|\+){1,8})(?!(?:tokens?|credentials?|auth\w*|schemes?|proofs?|keys?|headers?|error|realm)\b)[^\s,;"']+/gi,
    put: `$1${REDACTED}`,
  },
  {
    needs: [':', '=', '%'],
    find: /((?:pass(?:word|wd|phrase|code)?|pwd|secret|api[-_]?key|token|(?<![a-z])(?:auth|key|pin|otp|sid|sig|code|jwt|csrf|xsrf)|session(?:[-_]?id)?|signature|assertion|code_verifier|credentials?|private[-_]?key)(?:\\{0,7}["']|%22)?\s{0,4}(?:[:=]|%3[ad])\s{0,4})(?:\\{1,7}["'][^"'\\\r\n]*|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"'})\]]+)/gi,
    put: `$1${REDACTED}`,
  },
  { needs: ['@'], find: /:\/\/[^\s/@:]{0,256}(?::[^\s/@]{0,256})?@/g, put: `://${REDACTED}@` },
  {
    needs: ['AKIA', 'ASIA', 'gh', 'xox'],
    find: /(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}/g,
    put: REDACTED,
  },
  { needs: ['$'], find: /\$(?:2[abxy]|argon2(?:id?|d)|scrypt|[156])\$[^\s"',]+/g, put: REDACTED },
]

/**
 * Stands in every text that some pattern finds something in: what the patterns need, and any blank. Exported for its
 * tests.
 */
export const MAY_HOLD: RegExp = /[\s%+:=_@$]|eyJ|AKIA|ASIA|gh|xox/
/** Up to here one look is cheaper than one for each pattern; most ids are shorter and hold nothing. */
const MAX_GLANCED_CHARS = 64

/** Something random enough to be a key or an id: nothing of it is needed to understand an unknown path. */
const OPAQUE_RUN = /[\w-]{32,}/g

/**
 * The text without what looks like a secret: gateway keys, tokens, `Authorization`-like values, values of names such
 * as `password` or `token`, user information of URLs, private keys, password hashes [LOG-04].
 * Reads the first 8 192 characters, drops the rest. Takes linear time. Never throws.
 */
export function redact(text: string): string {
  if (text.length <= MAX_GLANCED_CHARS && !MAY_HOLD.test(text)) return text
  let out = text.length > MAX_SEARCHED_CHARS ? text.slice(0, MAX_SEARCHED_CHARS) : text
  for (const { needs, find, put } of PATTERNS)
    if (needs.some((literal) => out.includes(literal))) out = out.replace(find, put)
  return out
}

/**
 * The path of a request that met no route: without query, without secrets, without long opaque runs.
 * Percent-encoding hides nothing: a text that holds a secret once decoded (twice) is given decoded and redacted.
 */
export function redactPath(rawTarget: string): string {
  const raw = pathOf(rawTarget.slice(0, MAX_SEARCHED_CHARS))
  const decoded = decodeAscii(decodeAscii(raw))
  const clean = redact(decoded).replace(OPAQUE_RUN, REDACTED)
  return clean === decoded ? raw : clean
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  return end < 0 ? target : target.slice(0, end)
}

/** Characters by their two hexadecimal digits, each in either case: all of ASCII but the controls below the blank. */
const ASCII: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x60 }, (_, index) => index + 0x20).flatMap((code) =>
    spellings(code.toString(16)).map((hex): [string, string] => [hex, String.fromCharCode(code)]),
  ),
)

function spellings(hex: string): readonly string[] {
  return [hex, hex.toUpperCase()]
}

/** Decodes what is percent-encoded ASCII, once; all else stays. Exported for its tests. */
export function decodeAscii(text: string): string {
  const parts = text.split('%')
  let out = parts[0] ?? ''
  for (let at = 1; at < parts.length; at++) {
    const part = parts[at] ?? ''
    const character = ASCII.get(part.slice(0, 2))
    out += character === undefined ? `%${part}` : character + part.slice(2)
  }
  return out
}
