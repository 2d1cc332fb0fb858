import type { Parameter } from '../../src/openapi/model.ts'
import type { KongPath, Segment } from './paths.ts'

/** A template of a document as Kong saw it: with everything that stands before it. */
export interface PublicTemplate {
  /** Fixed text, or the name of a parameter; what is both is a parameter without a name. */
  readonly segments: readonly Segment[]
  readonly parameters: readonly Parameter[]
}

/** How many of the paths of a template go through a route. */
export type Share = 'all' | 'some' | 'none'

/** Splits a path of a document. */
export function publicTemplate(path: string, parameters: readonly Parameter[]): PublicTemplate {
  const segments = path
    .split('/')
    .slice(1)
    .map((text): Segment => {
      if (!text.includes('{')) return { text }
      return { name: /^\{([^{}]+)\}$/.exec(text)?.[1] ?? '' }
    })
  return { segments, parameters }
}

/**
 * Which paths of a template Kong sent through a path of a route. `all` only where that is sure: a pattern in Kong must
 * stand in the document, too.
 * @param written as the route writes it, for the slash at its end.
 */
export function shareOf(path: KongPath, written: string, template: PublicTemplate): Share {
  const { segments } = template
  const { segments: own, isPrefix, isRegex } = path
  const endsInSlash = !isRegex && written.length > 1 && written.endsWith('/')
  const least = own.length + (endsInSlash ? 1 : 0)
  if (segments.length < least || (!isPrefix && segments.length > own.length)) return 'none'
  let share: Share = 'all'
  for (const [index, asked] of own.entries()) {
    const given = segments[index]
    if (given === undefined) return 'none'
    // A prefix is one of characters, not of segments.
    const isOpenEnded = isPrefix && index === own.length - 1 && !endsInSlash
    const one = shareOfSegment(asked, given, { template, isOpenEnded })
    if (one === 'none') return 'none'
    if (one === 'some') share = 'some'
  }
  return share
}

function shareOfSegment(
  asked: Segment,
  given: Segment,
  { template, isOpenEnded }: { readonly template: PublicTemplate; readonly isOpenEnded: boolean },
): Share {
  if ('text' in asked) {
    if (!('text' in given)) return 'some'
    const isSame = isOpenEnded ? given.text.startsWith(asked.text) : given.text === asked.text
    return isSame ? 'all' : 'none'
  }
  const { pattern } = asked
  if (pattern === undefined) return 'all'
  // Classes without nesting (paths.ts), and a text of the document.
  if ('text' in given) return new RegExp(pattern).test(given.text) ? 'all' : 'none'
  return patternOf(given.name, template) === pattern ? 'all' : 'some'
}

function patternOf(name: string, { parameters }: PublicTemplate): unknown {
  const schema = parameters.find((one) => one.place === 'path' && one.name === name)?.schema?.schema
  return typeof schema === 'object' && schema !== null && 'pattern' in schema
    ? schema.pattern
    : undefined
}
