/** One segment of a path: fixed text, or a parameter whose value has a form. */
export type Segment =
  | { readonly text: string }
  | { readonly name: string; readonly pattern?: string }

/** A path of a Kong route. */
export interface KongPath {
  readonly segments: readonly Segment[]
  /** Whatever is deeper matches too. */
  readonly isPrefix: boolean
  readonly isRegex: boolean
}

/** Deeper paths that a prefix is written out to. */
const PREFIX_DEPTH = 3
const PLAIN = /^(?:\/[\w.~!$&'()*+,;=:@%-]*)+$/
/** In files before 3.0 a path with anything else is a regular expression. */
const OLD_PLAIN = /^[\w./~%-]*$/

/**
 * Reads a path of a route: a prefix, or, behind `~`, a regular expression whose segments are fixed text or one pattern
 * each. @returns `undefined` for one that no template of OpenAPI can stand for.
 */
export function readKongPath(text: string, version: string): KongPath | undefined {
  const isRegex = version === '3.0' ? text.startsWith('~') : !OLD_PLAIN.test(text)
  if (isRegex) return readRegex(text.replace(/^~/, ''))
  if (!PLAIN.test(text) || text.includes('%')) return undefined
  const segments = text.split('/').slice(1)
  const fixed = segments.filter((segment) => segment !== '').map((segment) => ({ text: segment }))
  // An empty segment amid the path would be another path than the one without.
  if (fixed.length < segments.length - (text.endsWith('/') ? 1 : 0)) return undefined
  return { segments: fixed, isPrefix: true, isRegex: false }
}

/** The whole segments of fixed text that a regular expression begins with; `undefined` for none. */
export function fixedStart(text: string): KongPath | undefined {
  const start = /^~?\^?((?:\/[\w-]+)+)(?=\/)/.exec(text)?.[1]
  if (start === undefined) return undefined
  const segments = start.split('/').slice(1)
  return { segments: segments.map((one) => ({ text: one })), isPrefix: true, isRegex: true }
}

function readRegex(text: string): KongPath | undefined {
  const isPrefix = !text.endsWith('$')
  const body = text.replace(/^\^/, '').replace(/\$$/, '').replace(/\/$/, '')
  if (!body.startsWith('/')) return undefined
  const segments = splitSegments(body.slice(1)).map(readSegment)
  if (segments.some((segment) => segment === undefined)) return undefined
  const read = segments.filter((segment) => segment !== undefined)
  const named = read.map((segment, index) =>
    'name' in segment && segment.name === '' ? { ...segment, name: `p${index + 1}` } : segment,
  )
  const names = named.flatMap((segment) => ('name' in segment ? [segment.name] : []))
  return new Set(names).size < names.length
    ? undefined
    : { segments: named, isPrefix, isRegex: true }
}

/** At slashes outside of classes and groups. */
function splitSegments(text: string): readonly string[] {
  const segments = ['']
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    const piece = character === '\\' ? text.slice(at, at + 2) : character
    if ('[('.includes(character)) depth++
    if ('])'.includes(character)) depth--
    if (character === '/' && depth <= 0) segments.push('')
    else segments.push(`${segments.pop() ?? ''}${piece}`)
    at += piece.length - 1
  }
  return segments
}

/** Classes of one character that never match a slash, repeated; nothing that nests. */
const CLASS = String.raw`(?:\\d|\\w|\[(?:[\w\\.-]|\^\/)+\])(?:\+|\{\d{1,3}(?:,\d{0,3})?\})?`
const ONE = new RegExp(`^(?:${CLASS}|-)+$`)
const NAMED = new RegExp(`^\\(\\?P?<(\\w+)>((?:${CLASS}|-)+)\\)$`)
const GROUP = new RegExp(`^\\((?:\\?:)?((?:${CLASS}|-)+)\\)$`)

function readSegment(text: string): Segment | undefined {
  const fixed = text.replaceAll(/\\([.~_-])/g, '$1')
  if (/^[\w~-]+$/.test(text) || (/^[\w.~-]+$/.test(fixed) && !/(?<!\\)\./.test(text)))
    return { text: fixed }
  const [, name, named] = NAMED.exec(text) ?? []
  const pattern = named ?? GROUP.exec(text)?.[1] ?? (ONE.test(text) ? text : undefined)
  if (pattern === undefined || !/[\\[]/.test(pattern)) return undefined
  const isAny = /^\[\^\/\]\+$/.test(pattern)
  return { name: name ?? '', ...(isAny ? {} : { pattern: `^${pattern}$` }) }
}

/** The template without the segments in front, as a document names it. */
export function templateOf(segments: readonly Segment[]): string {
  return `/${segments.map((one) => ('text' in one ? one.text : `{${one.name}}`)).join('/')}`
}

/** Every template that a path stands for: itself, and for a prefix three levels below. */
export function templatesOf(path: KongPath, skip: number): readonly (readonly Segment[])[] {
  const own = path.segments.slice(skip)
  if (!path.isPrefix) return [own]
  const below = Array.from({ length: PREFIX_DEPTH }, (_, depth) => [
    ...own,
    ...Array.from({ length: depth + 1 }, (_item, n) => ({ name: `rest${n + 1}` })),
  ])
  return [own, ...below]
}
