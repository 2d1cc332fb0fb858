import { LlhttpParser } from './llhttp.ts'
import type { ParserRules } from './llhttp.ts'
import { llhttpEngine } from './llhttp-wasm.ts'

/** Parsers that nobody uses; one that is busy belongs to one connection. Bounded by what was busy at once. */
const idle: { readonly request: LlhttpParser[]; readonly response: LlhttpParser[] } = {
  request: [],
  response: [],
}

/** A parser for one message after the other; nothing of an earlier owner is left in it. Loads llhttp at first use. */
export function acquireParser(type: 'request' | 'response', rules: ParserRules): LlhttpParser {
  const parser = idle[type].pop() ?? new LlhttpParser(type, llhttpEngine())
  parser.next(rules)
  return parser
}

/** Gives a parser back. Nothing of it may be used afterwards; what it handed out stays the owner's. */
export function releaseParser(parser: LlhttpParser): void {
  parser.clear()
  idle[parser.type].push(parser)
}
