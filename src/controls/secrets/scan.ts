import { makeSecretScan, MAX_SCANNED_BYTES } from './wasm-scan.ts'

/** What finds a literal: a part of it that is rare in other texts, and the whole with the distance of the part. */
interface Needle {
  readonly part: Buffer
  /** The literal as codes; 0 stands for any. */
  readonly whole: readonly number[]
  readonly offset: number
}

/** `whole` with `?` for any character. */
function needle(part: string, whole: string): Needle {
  const codes = whole.split('').map((char) => (char === '?' ? 0 : char.charCodeAt(0)))
  return { part: Buffer.from(part), whole: codes, offset: whole.indexOf(part) }
}

/**
 * One of these stands in every secret but connection strings and numbers. The search for a short text jumps from one
 * occurrence of its first byte to the next: parts begin with bytes that few texts have.
 */
const NEEDLES: readonly Needle[] = [
  needle('ATE KEY', 'PRIVATE KEY'),
  needle('yJ', 'eyJ'),
  needle('IA', 'AKIA'),
  needle('IA', 'ASIA'),
  needle('Iza', 'AIza'),
  needle('xox', 'xox?-'),
]

/** The same for secrets with a low line in them, which many answers do not have at all. */
const LOW_LINE = 95
const LOW_LINE_NEEDLES: readonly Needle[] = [
  needle('k_', '_sk_'),
  needle('k_', 'k_live_'),
  needle('b_pat_', 'b_pat_'),
  needle('ghp_', 'ghp_'),
  needle('gho_', 'gho_'),
  needle('ghs_', 'ghs_'),
]

/** Shorter texts are searched at once for all of them: many searches cost more than one slow one. */
const SHORT_BYTES = 2048
const ANY_NEEDLE = /PRIVATE KEY|eyJ|A[KS]IA|AIza|xox.-|_sk_|k_live_|b_pat_|gh[ops]_/s

const ESCAPED = Buffer.from('\\u00')
const AT = 64
const BACKSLASH = 92
const QUOTE = 34
const COLON = 58
const SLASH = 47
/** Longest user information of a connection string that is looked at. */
const MAX_BACK = 300
/** A card has thirteen digits, an IBAN fifteen characters. */
const MIN_NUMBER = 13
const MIN_IBAN = 15

let scan: ((bytes: Buffer) => boolean) | undefined

/**
 * Whether a text may hold a secret. One pass in WebAssembly, so that an answer without secrets costs next to nothing.
 * Says yes where in doubt, never no where a detector would find something. Linear.
 */
export function mayHoldSecret(bytes: Buffer): boolean {
  if (bytes.length > MAX_SCANNED_BYTES) return mayHoldSecretPlainly(bytes)
  // One for all operations of the thread, made at first use: it owns memory.
  scan ??= makeSecretScan() ?? mayHoldSecretPlainly
  return scan(bytes)
}

/**
 * The same in plain TypeScript, which reads the bytes in jumps: the fallback, and what the other is tested against.
 * In texts of less than 26 bytes it suspects more numbers.
 */
export function mayHoldSecretPlainly(bytes: Buffer): boolean {
  return (
    holdsLiteral(bytes) || holdsEscapedAscii(bytes) || holdsUserInfo(bytes) || holdsNumber(bytes)
  )
}

function holdsLiteral(bytes: Buffer): boolean {
  if (bytes.length < SHORT_BYTES) return ANY_NEEDLE.test(bytes.toString('latin1'))
  if (NEEDLES.some((one) => holds(bytes, one))) return true
  return bytes.includes(LOW_LINE) && LOW_LINE_NEEDLES.some((one) => holds(bytes, one))
}

function holds(bytes: Buffer, { part, whole, offset }: Needle): boolean {
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + 1)) {
    let matched = 0
    for (const code of whole) {
      if (code !== 0 && bytes[at - offset + matched] !== code) break
      matched += 1
    }
    if (matched === whole.length) return true
  }
  return false
}

/** `\\u0041`: whoever writes letters so hides something, or writes in a way that has to be read first. */
function holdsEscapedAscii(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(ESCAPED); at >= 0; at = bytes.indexOf(ESCAPED, at + 4)) {
    const digit = bytes[at + 4] ?? 0
    if (digit >= 0x32 && digit <= 0x37) return true
  }
  return false
}

/** An `@` with `://` and a colon before it, in the same word. */
function holdsUserInfo(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(AT); at >= 0; at = bytes.indexOf(AT, at + 1)) {
    let colons = 0
    for (let back = at - 1; back >= 0 && at - back < MAX_BACK; back -= 1) {
      const code = bytes[back] ?? 0
      // User information holds no other `@`, so each byte is read once.
      if (code <= 32 || code === QUOTE || code === AT) break
      if (code !== COLON) continue
      colons += 1
      // The second colon is that of the scheme: `scheme://user:password@`.
      if (colons > 1 && isSlash(bytes[back + 1])) return true
    }
  }
  return false
}

function isSlash(code: number | undefined): boolean {
  return code === SLASH || code === BACKSLASH
}

/**
 * A run of thirteen digits, capitals, blanks and dashes holds two words of four bytes, aligned, whole: every second word
 * of the text is looked at, all four bytes at once. Whatever has a small letter in it is none.
 */
function holdsNumber(bytes: Buffer): boolean {
  const skipped = (4 - (bytes.byteOffset & 3)) & 3
  const count = (bytes.length - skipped) >> 2
  if (bytes.length < 2 * MIN_NUMBER || count <= 0) return isNumber(bytes, 0, bytes.length)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + skipped, count)
  for (let index = 0; index < count; index += 2) {
    const word = words[index] ?? 0
    // Only small letters have both of the bits 0x40 and 0x20.
    if ((word & (word << 1) & 0x40404040) !== 0) continue
    const at = skipped + index * 4
    if ((PART[word & 0xff] ?? 0) + (PART[(word >> 8) & 0xff] ?? 0) < 2) continue
    if ((PART[(word >> 16) & 0xff] ?? 0) + (PART[word >>> 24] ?? 0) < 2) continue
    let start = at
    while (start > 0 && isPart(bytes[start - 1])) start -= 1
    let end = at + 1
    while (end < bytes.length && isPart(bytes[end])) end += 1
    if (end - start >= MIN_NUMBER && isNumber(bytes, start, end)) return true
    // What was read is not read again.
    index += ((end - at) >> 3) * 2
  }
  return false
}

/** 1 for what numbers and their gaps are made of. */
const PART = new Uint8Array(256)
for (const char of ' -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ') PART[char.charCodeAt(0)] = 1

function isPart(code = 0): boolean {
  return PART[code] === 1
}

/** Thirteen digits of which the first begins a card, or two capitals and two digits as an IBAN begins. */
function isNumber(bytes: Buffer, start: number, end: number): boolean {
  let digits = 0
  for (let at = end - 1; at >= start; at -= 1) {
    const code = bytes[at] ?? 0
    if (isDigit(code)) {
      digits += 1
      // From `2` to `6`, as all issuers' numbers begin.
      if (digits >= MIN_NUMBER && code >= 50 && code <= 54) return true
    } else if (isCapital(code)) {
      digits = 0
      if (at + 3 < end && end - start >= MIN_IBAN && isIbanHead(bytes, at)) return true
    }
  }
  return false
}

function isIbanHead(bytes: Buffer, at: number): boolean {
  return isCapital(bytes[at + 1]) && isDigit(bytes[at + 2]) && isDigit(bytes[at + 3])
}

function isCapital(code = 0): boolean {
  return code >= 65 && code <= 90
}

function isDigit(code = 0): boolean {
  return code >= 48 && code <= 57
}
