// Whether a text may lead inside: what begins like a URL, unless every program reads the same host in it and that is a
// public one; and whether it surely is a public URL. Part of the modules that read JSON of requests; what it passes on
// is judged by src/controls/url-fields. AssemblyScript, written so that it is plain TypeScript to the formatter.

import { hexUnit } from './hex-unit'

const SPACE: u32 = 0x20
const DOT: u32 = 0x2e
const SLASH: u32 = 0x2f
const ZERO: u32 = 0x30
const COLON: u32 = 0x3a
const NUMBER_SIGN: u32 = 0x23
const PERCENT: u32 = 0x25
const QUESTION_MARK: u32 = 0x3f
const BACKSLASH: u32 = 0x5c
/** Two slashes. */
const SLASHES: u32 = 0x2f2f
/** A character beyond ASCII that is no white space. */
const OTHER: u32 = 0x100
/** Behind the last character. */
const END: u32 = 0x101

/** So much white space in front that it may hide anything. */
const MUCH_SPACE: u32 = 64
const LONGEST_SCHEME: u32 = 32
/** Words are the first characters of names, in lower case, the first one in the lowest byte. */
const WORD: u32 = 8
const LOWER: u64 = 0x2020202020202020
/** `https`, in the upper bytes of a word. */
const HTTPS: u64 = 0x7370747468000000
/** `xn--`: what a label begins with that stands for one beyond ASCII, RFC 5890 section 2.3.2.1. */
const CODED: u32 = 0x2d2d6e78
const LONGEST_URL: usize = 2048

// `pchar` and slashes, RFC 3986 section 3.3: a bit for each character of ASCII.
const PATH_LOW: u64 = 0x2fffffd200000000
const PATH_HIGH: u64 = 0x47fffffe87ffffff

export function isLetter(c: u32): bool {
  return (c | 0x20) - 0x61 <= 25
}

function isInScheme(c: u32): bool {
  return isLetter(c) || c - ZERO <= 9 || c == 0x2b || c == DOT || c == 0x2d
}

/** Whether the JSON string in [start, end), quotes excluded, may lead inside. Yes where in doubt. */
export function leads(start: usize, end: usize): bool {
  if (start == end) return false
  const first = <u32>load<u8>(start)
  if (!isLetter(first)) {
    // White space beyond ASCII begins with one of the last ones.
    const mayLead =
      first == SLASH ||
      first == BACKSLASH ||
      first <= SPACE ||
      first == 0xc2 ||
      (first >= 0xe1 && first <= 0xe3) ||
      first == 0xef
    return mayLead && leadsAsSpelt(start, end)
  }
  const last = end - start > <usize>LONGEST_SCHEME ? start + <usize>LONGEST_SCHEME + 1 : end
  for (let p = start + 1; p < last; p++) {
    const c = <u32>load<u8>(p)
    if (c == COLON) {
      const length = <u32>(p - start)
      if (length > WORD) return false
      const mask = <u64>-1 >> ((<u64>(WORD - length)) << 3)
      return schemeLeads((load<u64>(start) | LOWER) & mask, p + 1, end)
    }
    if (!isInScheme(c)) return c == BACKSLASH && leadsAsSpelt(start, end)
  }
  return false
}

/**
 * How many bytes of the JSON string in [start, end) decide what it leads to: up to the sign that ends the host, where
 * that is plain to see, else all of it.
 */
export function deciding(start: usize, end: usize): u32 {
  const all = <u32>(end - start)
  let p = start
  while (p < end && isInScheme(<u32>load<u8>(p))) p++
  if (p > start && <u32>load<u8>(p) == COLON) p++
  if (p + 2 >= end || <u32>load<u16>(p) != SLASHES) return all
  p += 2
  const host = p
  for (; p < end; p++) {
    const c = <u32>load<u8>(p)
    if (c == SLASH || c == QUESTION_MARK || c == NUMBER_SIGN)
      return p == host ? all : <u32>(p + 1 - start)
    if (c == BACKSLASH || c <= SPACE) return all
  }
  return all
}

/** The same, character by character, with escapes and white space beyond ASCII. */
function leadsAsSpelt(start: usize, end: usize): bool {
  let c = unit(start, end)
  let spaces: u32 = 0
  while (c <= SPACE) {
    spaces += 1
    if (spaces == MUCH_SPACE) return true
    c = unit(behind, end)
  }
  if (c == SLASH || c == BACKSLASH) {
    const second = unit(behind, end)
    if (second != SLASH && second != BACKSLASH) return false
    return spaces > 0 || c == BACKSLASH || second == BACKSLASH || hostLeads(behind, end)
  }
  if (!isLetter(c)) return false
  let word: u64 = 0
  for (let length: u32 = 0; length <= LONGEST_SCHEME; length++) {
    if (c == COLON) {
      if (length > WORD) return false
      return spaces > 0 ? isHostScheme(word) || isLocalScheme(word) : schemeLeads(word, behind, end)
    }
    if (!isInScheme(c)) return false
    if (length < WORD) word |= (<u64>(c | 0x20)) << ((<u64>length) << 3)
    c = unit(behind, end)
  }
  return false
}

/** Where the character ends that was read last. */
let behind: usize = 0

/** The character at `p`, white space beyond ASCII as a space. */
function unit(p: usize, end: usize): u32 {
  if (p >= end) return END
  const c = <u32>load<u8>(p)
  behind = p + 1
  if (c == BACKSLASH) return escaped(p)
  return c < 0x80 ? c : beyondAscii(p)
}

/** RFC 8259 section 7. */
function escaped(p: usize): u32 {
  const letter = <u32>load<u8>(p, 1)
  behind = p + 2
  if (letter == 0x75) {
    behind = p + 6
    const c = <u32>hexUnit(p)
    return c < 0x80 ? c : isSpace(c) ? SPACE : OTHER
  }
  // The other letters stand for controls.
  return letter == 0x22 || letter == SLASH || letter == BACKSLASH ? letter : 0
}

/** RFC 3629 section 3. */
function beyondAscii(p: usize): u32 {
  const c = <u32>load<u8>(p)
  const second = <u32>load<u8>(p, 1) & 63
  if (c < 0xe0) {
    behind = p + 2
    return isSpace(((c & 31) << 6) | second) ? SPACE : OTHER
  }
  if (c >= 0xf0) {
    behind = p + 4
    return OTHER
  }
  behind = p + 3
  return isSpace(((c & 15) << 12) | (second << 6) | (<u32>load<u8>(p, 2) & 63)) ? SPACE : OTHER
}

/** White space beyond ASCII as regular expressions know it: ECMA-262, `WhiteSpace` and `LineTerminator`. */
function isSpace(c: u32): bool {
  return (
    c == 0xa0 ||
    c == 0x1680 ||
    (c >= 0x2000 && c <= 0x200a) ||
    c == 0x2028 ||
    c == 0x2029 ||
    c == 0x202f ||
    c == 0x205f ||
    c == 0x3000 ||
    c == 0xfeff
  )
}

/** Whether a URL may lead inside whose scheme ends before `p`. */
function schemeLeads(scheme: u64, p: usize, end: usize): bool {
  if (!isHostScheme(scheme)) return isLocalScheme(scheme)
  if (unit(p, end) != SLASH || unit(behind, end) != SLASH) return true
  return hostLeads(behind, end)
}

/** Whether a URL may lead inside whose host begins at `start`. */
function hostLeads(start: usize, end: usize): bool {
  const host = readHost(start, end)
  if (host != NAME && host != ADDRESS) return true
  let c = stop
  if (c == COLON) {
    do c = unit(behind, end)
    while (c - ZERO <= 9)
  }
  return c != END && c != SLASH && c != BACKSLASH && c != QUESTION_MARK && c != NUMBER_SIGN
}

/** The character behind the host read last, which stands before `behind`. */
let stop: u32 = 0

// Hosts: any other than those below; a public name; one with a label of Punycode; a public IPv4 address.
const OTHER_HOST: u32 = 0
const NAME: u32 = 1
const PUNYCODE: u32 = 2
const ADDRESS: u32 = 3

/** What stands where a host begins, at `start`. */
function readHost(start: usize, end: usize): u32 {
  let p = start
  let labels: u32 = 1
  // Of the label: its word, its characters, whether they all are letters, the number it is.
  let word: u64 = 0
  let before: u64 = 0
  let length: u32 = 0
  let isOfLetters = true
  let number: u32 = 0
  let address: u32 = 0
  let isAddress = true
  let isCoded = false
  while (true) {
    let c: u32 = p < end ? <u32>load<u8>(p) : END
    // Nearly all characters stand for themselves.
    if (c < 0x80 && c != BACKSLASH) p += 1
    else {
      behind = p
      c = unit(p, end)
      p = behind
    }
    if (c == DOT) {
      if (length == 0) return OTHER_HOST
      address = (address << 8) | number
      labels += 1
      if (<u32>word == CODED) isCoded = true
      before = word
      word = 0
      length = 0
      isOfLetters = true
      number = 0
      continue
    }
    const digit = c - ZERO
    const isDigit = digit <= 9
    if (!isDigit) {
      if (!isLetter(c) && c != 0x5f && c != 0x2d) {
        stop = c
        behind = p
        break
      }
      isAddress = false
    }
    if (!isLetter(c)) isOfLetters = false
    // A leading zero is octal to some.
    if (isDigit) {
      if (length > 0 && number == 0) isAddress = false
      number = number * 10 + digit
      if (number > 255) isAddress = false
    }
    if (length < WORD) word |= (<u64>(c | 0x20)) << ((<u64>length) << 3)
    length += 1
  }
  if (length == 0 || labels < 2) return OTHER_HOST
  if (isOfLetters) {
    if (isInner(word) || (isShared(word) && spellsAddresses(before))) return OTHER_HOST
    return isCoded ? PUNYCODE : NAME
  }
  if (!isAddress || labels != 4) return OTHER_HOST
  return isSpecial((address << 8) | number) ? OTHER_HOST : ADDRESS
}

// What a text is that is to be a URL: perhaps none; one that the API may go and fetch; one that `leads`, and somebody
// has to judge.
const NO_URL: u32 = 0
export const PUBLIC_URL: u32 = 1
export const ODD_URL: u32 = 2

/**
 * What the JSON string in [start, end), quotes excluded, is as a URI (RFC 3986): a public URL where `urlFault` of
 * src/http/url-guard.ts finds no fault in it: https, a public name in plain ASCII, no port but 443.
 */
export function urlKind(start: usize, end: usize): u32 {
  const isHttps = (load<u64>(start) | LOWER) << 24 == HTTPS
  if (!isHttps || <u32>load<u8>(start, 5) != COLON || end - start > LONGEST_URL) return NO_URL
  if (unit(start + 6, end) != SLASH || unit(behind, end) != SLASH) return NO_URL
  const hostAt = behind
  const host = readHost(hostAt, end)
  if (host == ADDRESS) return NO_URL
  if (host != NAME) return isNamed(hostAt, end) ? ODD_URL : NO_URL
  let c = stop
  if (c == COLON) {
    if (unit(behind, end) != 0x34 || unit(behind, end) != 0x34 || unit(behind, end) != 0x33)
      return NO_URL
    c = unit(behind, end)
  }
  return isPath(c, end) ? PUBLIC_URL : NO_URL
}

/** Whether a `reg-name`, perhaps a port, and a path stand from `start` on. */
function isNamed(start: usize, end: usize): bool {
  let p = start
  while (p < end && isInName(<u32>load<u8>(p))) p++
  behind = p
  let c = unit(p, end)
  while (isInName(c) || isEscape(c, end)) c = unit(behind, end)
  if (c == COLON) {
    do c = unit(behind, end)
    while (c - ZERO <= 9)
  }
  return isPath(c, end)
}

/** Whether nothing but path, query and fragment stands from `behind` on; `first`: the character in front of it. */
function isPath(first: u32, end: usize): bool {
  if (first == END) return true
  if (first != SLASH && first != QUESTION_MARK && first != NUMBER_SIGN) return false
  let isFragment = first == NUMBER_SIGN
  while (true) {
    const c = unit(behind, end)
    if (c == END) return true
    if (c == NUMBER_SIGN) {
      if (isFragment) return false
      isFragment = true
    } else if (c != QUESTION_MARK && !isInPath(c) && !isEscape(c, end)) return false
  }
}

/** Whether a character stands for itself in a `reg-name`. */
function isInName(c: u32): bool {
  return c != COLON && c != SLASH && c != 0x40 && isInPath(c)
}

function isInPath(c: u32): bool {
  return c < 128 && ((c < 64 ? PATH_LOW >> <u64>c : PATH_HIGH >> <u64>(c - 64)) & 1) == 1
}

/** `pct-encoded`, of which `c` is the first character. */
function isEscape(c: u32, end: usize): bool {
  return c == PERCENT && isHex(unit(behind, end)) && isHex(unit(behind, end))
}

function isHex(c: u32): bool {
  return c - ZERO <= 9 || (c | 0x20) - 0x61 <= 5
}

/** Whether nobody on the public internet answers at an IPv4 address: what `isSpecialUse` says. */
function isSpecial(address: u32): bool {
  const first = address >> 24
  if (first == 0 || first == 10 || first == 127 || first >= 224) return true
  const two = address >> 16
  if (two >> 6 == 0x191 || two == 0xa9fe || two >> 4 == 0xac1) return true
  if (two == 0xc0a8 || two >> 1 == 0x6309) return true
  const three = address >> 8
  return (
    three == 0xc00000 ||
    three == 0xc00002 ||
    three == 0xc01fc4 ||
    three == 0xc034c1 ||
    three == 0xc05863 ||
    three == 0xc0af30 ||
    three == 0xc63364 ||
    three == 0xcb0071
  )
}

/** Schemes behind which a host stands. */
function isHostScheme(word: u64): bool {
  switch (word) {
    case 0x70747468: // http
    case 0x7370747468: // https
    case 0x7377: // ws
    case 0x737377: // wss
    case 0x707466: // ftp
      return true
    default:
      return false
  }
}

/** Schemes that make libraries read files or speak other protocols. */
function isLocalScheme(word: u64): bool {
  switch (word) {
    case 0x74636964: // dict
    case 0x746365707865: // expect
    case 0x64656566: // feed
    case 0x656c6966: // file
    case 0x626f6c67: // glob
    case 0x726568706f67: // gopher
    case 0x72616a: // jar
    case 0x7061646c: // ldap
    case 0x737061646c: // ldaps
    case 0x636f6474656e: // netdoc
    case 0x67676f: // ogg
    case 0x72616870: // phar
    case 0x706870: // php
    case 0x70746673: // sftp
    case 0x32687373: // ssh2
    case 0x70746674: // tftp
    case 0x6c7275: // url
    case 0x70697a: // zip
      return true
    default:
      return false
  }
}

/** Last labels of names that lead inside, each by its first characters. */
function isInner(word: u64): bool {
  switch (word) {
    case 0x736f686c61636f6c: // localhost
    case 0x6c61636f6c: // local
    case 0x6d6f646c61636f6c: // localdomain
    case 0x6c616e7265746e69: // internal
    case 0x74656e6172746e69: // intranet
    case 0x6e616c: // lan
    case 0x656d6f68: // home
    case 0x70726f63: // corp
    case 0x65746176697270: // private
    case 0x61707261: // arpa
    case 0x6e6f696e6f: // onion
    case 0x637673: // svc
    case 0x6c75736e6f63: // consul
      return true
    default:
      return false
  }
}

/** Last labels of public names of which some lead inside. */
function isShared(word: u64): bool {
  switch (word) {
    case 0x6f69: // io
    case 0x656d: // me
    case 0x6d6f63: // com
    case 0x6467: // gd
    case 0x736d: // ms
    case 0x7375: // us
      return true
    default:
      return false
  }
}

/** What stands before those where the whole is no public name, or a service that answers with the address it spells. */
function spellsAddresses(word: u64): bool {
  switch (word) {
    case 0x70696e: // nip
    case 0x70696c7373: // sslip
    case 0x706978: // xip
    case 0x7365746c61636f6c: // localtest
    case 0x68766c: // lvh
    case 0x70616376: // vcap
    case 0x736f686c6f63616c: // lacolhost
    case 0x656c676f6f79: // yoogle
    case 0x6c61636f6c: // local
    case 0x7531: // 1u
    case 0x72646e6272: // rbndr
    case 0x6b696665617274: // traefik
      return true
    default:
      return false
  }
}
