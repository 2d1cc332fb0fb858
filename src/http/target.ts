import { ALPHANUMERIC, charTable } from './chars.ts'
import { canonicalPercent } from './percent.ts'
import type { CharSet, PercentFault } from './percent.ts'

/** A request target in the one spelling that is matched and forwarded. */
export interface CanonicalTarget {
  /** Path, starting with `/`; percent-encodings only where needed, upper case. */
  readonly path: string
  /** What followed the first `?`, raw, for `canonicalQuery`; `undefined` without `?`. */
  readonly query: string | undefined
}

/** Why a request target is refused; stable codes for the log. */
export type TargetFault =
  | PercentFault
  | 'not_origin_form'
  | 'fragment'
  | 'backslash'
  | 'matrix_parameter'
  | 'empty_segment'
  | 'dot_segment'
  | 'encoded_slash'
  | 'encoded_backslash'
  | 'encoded_control'
  | 'double_encoding'

/** Settings of `canonicalTarget`. */
export interface TargetOptions {
  /** Lets `;` pass, for documents that declare parameters in matrix style. */
  readonly allowMatrix?: boolean
}

// RFC 3986 pchar without `%`, plus `/`. Browsers send `[ ] ^ |` raw: they are encoded, the rest is refused.
const PATH_PLAIN = charTable(`${ALPHANUMERIC}-._~!$&'()*+,=:@/;`)
const PATH_ORDINARY = charTable(`${ALPHANUMERIC}-._~!$&'()*+,=:@/`)
const PATH_SET: CharSet = { allowed: PATH_PLAIN, refused: charTable('"<>`{}\\#?') }

/**
 * Brings the target of a request into canonical form, or refuses what two servers could read differently [WIRE-05].
 * Accepts origin-form and, with the authority already compared by `checkHead`, absolute-form.
 * Idempotent on `path`; never throws; one pass for a plain path.
 * @see RFC 3986 section 6.2.2, RFC 9112 section 3.2
 */
export function canonicalTarget(
  rawTarget: string,
  options?: TargetOptions,
): CanonicalTarget | { readonly fault: TargetFault } {
  const origin = rawTarget.charCodeAt(0) === 47 ? rawTarget : originForm(rawTarget)
  if (origin === undefined) return { fault: 'not_origin_form' }
  if (origin.includes('#')) return { fault: 'fragment' }
  const mark = origin.indexOf('?')
  const rawPath = mark < 0 ? origin : origin.slice(0, mark)
  const query = mark < 0 ? undefined : origin.slice(mark + 1)
  if (isOrdinary(rawPath)) return { path: rawPath, query }
  const path = isPlain(rawPath) ? { text: rawPath } : rebuilt(rawPath)
  if ('fault' in path) return path
  const fault = structureFault(path.text, options?.allowMatrix === true)
  return fault === undefined ? { path: path.text, query } : { fault }
}

/** What nearly all paths are: plain characters, and no segment that is empty, begins with a dot or has a `;`. */
function isOrdinary(path: string): boolean {
  let afterSlash = false
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (PATH_ORDINARY[code] !== 1 || (afterSlash && (code === 47 || code === 46))) return false
    afterSlash = code === 47
  }
  return true
}

function originForm(rawTarget: string): string | undefined {
  const match = /^https?:\/\/[^/?#\\]+/i.exec(rawTarget)
  if (match === null) return undefined
  const rest = rawTarget.slice(match[0].length)
  return rest.charCodeAt(0) === 47 ? rest : `/${rest}`
}

function isPlain(path: string): boolean {
  for (let i = 0; i < path.length; i++) if (PATH_PLAIN[path.charCodeAt(i)] !== 1) return false
  return true
}

function rebuilt(rawPath: string): { text: string } | { fault: TargetFault } {
  if (rawPath.includes('\\')) return { fault: 'backslash' }
  const path = canonicalPercent(rawPath, PATH_SET)
  if ('fault' in path) return path
  // Judged on the canonical text, where `%2%35...` tricks have already become what they mean.
  const fault = encodedFault(path.text)
  return fault === undefined ? path : { fault }
}

function encodedFault(text: string): TargetFault | undefined {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    const pair = text.slice(at + 1, at + 3)
    if (pair === '2F') return 'encoded_slash'
    if (pair === '5C') return 'encoded_backslash'
    if (pair < '20' || pair === '7F') return 'encoded_control'
    // U+0080..U+009F are the C1 controls.
    if (pair === 'C2' && text.slice(at + 4, at + 6) < 'A0') return 'encoded_control'
    if (pair === '25' && /^[0-9A-Fa-f]{2}/.test(text.slice(at + 3, at + 5)))
      return 'double_encoding'
  }
  return undefined
}

function structureFault(path: string, allowMatrix: boolean): TargetFault | undefined {
  if (path.includes('//')) return 'empty_segment'
  const hasMatrix = path.includes(';')
  if (hasMatrix && !allowMatrix) return 'matrix_parameter'
  if (!path.includes('/.')) return undefined
  for (let at = path.indexOf('/.'); at >= 0; at = path.indexOf('/.', at + 1)) {
    const after = path.charCodeAt(at + 2) === 46 ? at + 3 : at + 2
    const end = path.charCodeAt(after)
    // The end of the text, `/`, or `;` (Tomcat reads `/..;/` as `/../`).
    if (after >= path.length || end === 47 || end === 59) return 'dot_segment'
  }
  return undefined
}
