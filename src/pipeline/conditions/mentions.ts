import type { Root } from './scope.ts'
import { parseCondition, partsOf, wordsOf } from './syntax.ts'
import type { Node } from './syntax.ts'

/** Whether a condition names something below `root`, such as `response`. Throws `ConfigError` for wrong syntax. */
export function mentions(text: string, root: Root, at: string): boolean {
  const names = (node: Node): boolean =>
    wordsOf(node)?.[0] === root || partsOf(node).some((part) => names(part))
  return names(parseCondition(text, at))
}
