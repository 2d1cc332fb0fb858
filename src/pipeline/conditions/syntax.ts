import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { ConfigError } from '../../base/config-error.ts'

/** A part of a condition, as the parser leaves it. */
export type Node = ASTNode

/** Longest condition, in characters. */
const MAX_CHARS = 4000
/** What a condition may be made of, so that judging it is bounded whatever a request holds. */
export const LIMITS = {
  maxAstNodes: 1000,
  maxDepth: 32,
  maxListElements: 500,
  maxMapEntries: 0,
  maxCallArguments: 4,
} as const

/** Knows no names: only its grammar is used. Made at the first condition. */
let parser: Environment | undefined

/** Reads a condition. Throws `ConfigError` at `at`. @see CEL language definition, section "Syntax" */
export function parseCondition(text: string, at: string): Node {
  if (text.trim() === '') throw new ConfigError({ path: at, message: 'is empty', cure: EXAMPLE })
  if (text.length > MAX_CHARS) {
    const message = `has ${text.length} characters`
    throw new ConfigError({ path: at, message, cure: `write it in ${MAX_CHARS} or fewer` })
  }
  try {
    parser ??= new Environment({ limits: LIMITS })
    return parser.parse(text).ast
  } catch (error) {
    throw syntaxFault(error, { text, at })
  }
}

const EXAMPLE = 'write a condition such as path.userId == subject.id'

/** What the parser or the type checker has to say, with the place inside the condition. */
export function syntaxFault(
  error: unknown,
  { text, at }: { readonly text: string; readonly at: string },
): ConfigError {
  const { summary, range, message } = error as {
    readonly summary?: string
    readonly message: string
    readonly range?: { readonly start: number }
  }
  const near =
    range === undefined
      ? ''
      : ` at character ${range.start + 1} of ${JSON.stringify(text.slice(0, 80))}`
  return new ConfigError({
    path: at,
    message: `${summary ?? message}${near}`,
    cure: cureOf(summary ?? ''),
  })
}

function cureOf(summary: string): string {
  const mixed = /: (\S+) [=!]= (\S+)$/.exec(summary)
  const isJoined = /overload: (?:string \+ (?:int|double)|(?:int|double) \+ string)$/.test(summary)
  if (isJoined || mixed?.[1] === 'string' || mixed?.[2] === 'string')
    return 'a number is no text: write string(…) around the number'
  return EXAMPLE
}

/** The words of a name such as `path.userId` or `header["x-tenant"]`; `undefined` for anything else. */
export function wordsOf(node: Node): readonly string[] | undefined {
  const words: string[] = []
  let here = node
  for (;;) {
    if (here.op === 'id') return [here.args, ...words.toReversed()]
    if (here.op === '.') words.push(here.args[1])
    else if (here.op === '[]' && isText(here.args[1])) words.push(here.args[1].args as string)
    else return undefined
    here = here.args[0]
  }
}

function isText(node: Node): boolean {
  return node.op === 'value' && typeof node.args === 'string'
}

/** The parts of a part, in order. */
export function partsOf(node: Node): readonly Node[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'list':
      return node.args
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}
