/** A piece of a path template: fixed text, or a variable. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }

/** Segments of a template, each a row of parts. */
export type TemplateSegments = readonly (readonly TemplatePart[])[]

/** A template, or why it is none. */
export type TemplateResult =
  | { readonly ok: true; readonly segments: TemplateSegments; readonly names: readonly string[] }
  | { readonly ok: false; readonly message: string }

/**
 * Takes a path template apart: segments between `/`, variables between braces. Several variables may share a segment
 * (`{a}.{b}`) when text stands between them. Refuses `?` and `#` (no part of a path), stray braces, variables named
 * twice, and dot segments, which no canonical target has.
 * @see OpenAPI 3.2.0 section 4.8.1
 */
export function parseTemplate(template: string): TemplateResult {
  if (!template.startsWith('/')) return { ok: false, message: 'a path starts with /' }
  const names: string[] = []
  const segments: (readonly TemplatePart[])[] = []
  for (const text of splitSegments(template.slice(1))) {
    const parts = parseSegment(text)
    if (typeof parts === 'string') return { ok: false, message: parts }
    segments.push(parts)
    for (const part of parts) if (part.kind === 'variable') names.push(part.name)
  }
  if (new Set(names).size < names.length) return { ok: false, message: 'a variable is named twice' }
  return { ok: true, segments, names }
}

/** A slash inside braces belongs to the (odd) name of a variable. */
function splitSegments(path: string): readonly string[] {
  const segments: string[] = []
  let start = 0
  let isInside = false
  for (let at = 0; at < path.length; at++) {
    const character = path[at]
    if (character === '{') isInside = true
    else if (character === '}') isInside = false
    else if (character === '/' && !isInside) {
      segments.push(path.slice(start, at))
      start = at + 1
    }
  }
  segments.push(path.slice(start))
  return segments
}

function parseSegment(text: string): readonly TemplatePart[] | string {
  if (text === '.' || text === '..') return 'a dot segment never reaches the gateway'
  const parts: TemplatePart[] = []
  for (const match of text.matchAll(/\{([^{}]*)\}|([^{}]+)|[{}]/g)) {
    const [whole, name, fixed] = match
    const previous = parts.at(-1)
    if (fixed !== undefined) {
      if (/[?#]/.test(fixed)) return 'the path holds ? or #, which are no part of a path'
      parts.push({ kind: 'text', text: fixed })
    } else if (name === undefined) return `a stray ${whole}`
    else if (name === '') return 'a variable has no name'
    else if (previous?.kind === 'variable') return 'two variables stand side by side'
    else parts.push({ kind: 'variable', name })
  }
  return parts
}

/** The template with its variables unnamed: templates of one shape match the same paths. */
export function shapeOf(segments: TemplateSegments): string {
  const shapes = segments.map((parts) =>
    parts.map((part) => (part.kind === 'text' ? part.text : '{}')).join(''),
  )
  return `/${shapes.join('/')}`
}
