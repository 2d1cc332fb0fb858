import type { Operation } from '../../openapi/model.ts'
import type { RuleSelector, RuleSettings } from './settings.ts'

/** What the policy of an operation depends on. `publicBase`: base path, for rules that name whole public paths. */
export type PolicySubject = Pick<
  Operation,
  'api' | 'id' | 'method' | 'template' | 'tags' | 'security'
> & { readonly publicBase?: string }

/** `/orders/{id}` and `/orders/{orderId}` are the same place; `*` stands for one segment. */
function segmentMatches(pattern: string, segment: string): boolean {
  if (pattern === '*' || pattern === segment) return true
  return /^\{[^{}]*\}$/.test(pattern) && /^\{[^{}]*\}$/.test(segment)
}

/**
 * Whether a pattern of a rule covers a path template. Segments must be equal; `{name}` matches any one parameter,
 * `*` any one segment, and `*` at the end everything below (at least one segment).
 */
export function pathMatches(pattern: string, template: string): boolean {
  const wanted = pattern.split('/')
  const found = template.split('/')
  const isOpen = wanted.at(-1) === '*'
  if (isOpen ? found.length < wanted.length : found.length !== wanted.length) return false
  return wanted.every((part, i) => segmentMatches(part, found[i] ?? ''))
}

/** A list that is empty asks for nothing; a list that is not must have a match. */
function accepts<T>(wanted: readonly T[], matches: (item: T) => boolean): boolean {
  return wanted.length === 0 || wanted.some(matches)
}

function selects(select: RuleSelector, subject: PolicySubject): boolean {
  if (select.api !== undefined && select.api !== subject.api) return false
  const paths = [subject.template, `${subject.publicBase ?? ''}${subject.template}`]
  return (
    accepts(select.methods, (method) => method === subject.method) &&
    accepts(select.tags, (tag) => subject.tags.includes(tag)) &&
    accepts(select.operations, (id) => id === subject.id) &&
    accepts(select.paths, (pattern) => paths.some((path) => pathMatches(pattern, path)))
  )
}

/** How narrow a path is: whole ones above open ones, then by segments. Below the next rank for any real path. */
function pathWeight(select: RuleSelector): number {
  const weights = select.paths.map((path) => {
    return Math.min(path.split('/').length, 400) + (path.endsWith('/*') ? 0 : 500)
  })
  return Math.max(0, ...weights)
}

/** Operation > path > tag > method > api; among equals, the longer path, then the rule with more selectors. */
function narrowness(select: RuleSelector): number {
  const { operations, paths, tags, methods } = select
  const kinds = [operations, paths, tags, methods].map((list) => list.length > 0)
  const rank = kinds.indexOf(true)
  const breadth = kinds.filter(Boolean).length + (select.api === undefined ? 0 : 1)
  return (rank === -1 ? 0 : 4 - rank) * 10_000 + pathWeight(select) * 10 + breadth
}

/**
 * The rules that select an operation, widest first, so that laying them over each other lets the narrowest win.
 * Among rules that are equally narrow the later one in the file wins.
 */
export function rulesFor(
  rules: readonly RuleSettings[],
  subject: PolicySubject,
): readonly RuleSettings[] {
  return rules
    .filter((rule) => selects(rule.select, subject))
    .toSorted((a, b) => narrowness(a.select) - narrowness(b.select) || a.index - b.index)
}
