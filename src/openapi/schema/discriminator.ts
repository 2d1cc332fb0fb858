import { insideOnly } from './caps.ts'
import type { Choice } from './choice.ts'
import { tagText } from './choice.ts'
import { isObject } from './equal.ts'
import type { Builder, Check, Frame, Part } from './node.ts'
import { PASS } from './node.ts'
import type { Site } from './resources.ts'
import { fail, failAt } from './run.ts'

/** A discriminator turned into a switch. */
export interface Switch {
  readonly check: Check
  /** Keywords that the switch stands for. */
  readonly replaces: readonly string[]
  /** Nothing else of the schema has to be checked: the chosen schema includes it. */
  readonly isWhole: boolean
}

/** Keywords that decide nothing beside a switch, since only objects get there. */
const SILENT: ReadonlySet<string> = new Set([
  'discriminator',
  'title',
  'description',
  'deprecated',
  'example',
  'examples',
  'default',
  'externalDocs',
  'xml',
  'readOnly',
  'writeOnly',
])

/** Compiles the discriminator of a schema; `undefined` when it has no choice to make here. */
export function compileSwitch(part: Part, builder: Builder): Switch | undefined {
  const { site, frame } = part
  if (!isObject(site.schema)) return undefined
  const choice = builder.choices.of(site)
  if (choice === undefined) return warnIfIdle(part, builder)
  const replaces = choice.kind === 'branches' ? ['oneOf', 'anyOf'] : []
  // An ancestor's switch has led here, or leads only to where we are: the choice is made.
  if (frame.variant.chosen.includes(site.schema)) return { check: PASS, replaces, isWhole: false }
  for (const name of choice.unresolved) {
    builder.report(site, {
      severity: 'error',
      code: 'unresolved-reference',
      message: `discriminator mapping leads to ${JSON.stringify(name)}, which does not exist`,
    })
  }
  const isWhole = choice.kind === 'children' ? choice.isInherited : isBare(part, replaces)
  const inner: Frame = {
    ...frame,
    variant: {
      ...frame.variant,
      closed: frame.variant.closed && isWhole,
      caps: isWhole ? frame.variant.caps : insideOnly(frame.variant.caps),
      chosen: [...frame.variant.chosen, site.schema],
    },
  }
  return { check: switchCheck(choice, inner, builder), replaces, isWhole }
}

function isBare(part: Part, replaces: readonly string[]): boolean {
  return Object.keys(part.keywords).every(
    (key) =>
      SILENT.has(key) ||
      replaces.includes(key) ||
      key.startsWith('x-') ||
      (key === 'type' && part.keywords['type'] === 'object'),
  )
}

function switchCheck(choice: Choice, frame: Frame, builder: Builder): Check {
  const { property } = choice
  const compile = (site: Site): Check => builder.reference(site, frame)
  const targets = new Map<string | undefined, Check>(
    [...choice.targets].map(([tag, site]) => [tag, compile(site)] as const),
  )
  const fallback = choice.fallback === undefined ? undefined : compile(choice.fallback)
  const others = choice.others.map((site) => builder.branch(site, frame))
  return (value, run, marks) => {
    if (!isObject(value)) {
      if (others.some((check) => check(value, run.quiet ?? run, undefined))) return true
      return fail(run, 'type', 'must be object')
    }
    const tag = Object.hasOwn(value, property) ? value[property] : undefined
    const target = targets.get(tagText(tag)) ?? fallback
    if (target !== undefined) return target(value, run, marks)
    const message = tag === undefined ? 'is required' : 'names no known schema'
    return failAt(run, property, ['discriminator', message])
  }
}

function warnIfIdle(part: Part, builder: Builder): undefined {
  const { keywords, site } = part
  if (!isObject(keywords['discriminator'])) return undefined
  if (keywords['oneOf'] === undefined && keywords['anyOf'] === undefined) return undefined
  builder.report(site, {
    severity: 'warning',
    code: 'discriminator-without-names',
    message: 'discriminator is not used: a branch is written inline, so no tag can name it',
  })
  return undefined
}
