import { ConfigError } from '../../base/config-error.ts'
import { isRoot, resolveName } from './scope.ts'
import type { ConditionScope, Reference } from './scope.ts'
import { partsOf, wordsOf } from './syntax.ts'
import type { Node } from './syntax.ts'

/** Words that go through a list: their first argument names the item. */
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** What a condition names, by the part that names it. */
export type Names = ReadonlyMap<Node, Reference>

interface Place {
  readonly scope: ConditionScope
  readonly at: string
  /** The item of the list that is gone through here. */
  readonly item: string | undefined
}

/** Finds every name of a condition. Throws `ConfigError` for what the operation does not have, or what is not safe. */
export function inspectNames(root: Node, scope: ConditionScope, at: string): Names {
  const names = new Map<Node, Reference>()
  visit(root, { scope, at, item: undefined }, names)
  return names
}

function visit(node: Node, place: Place, names: Map<Node, Reference>): void {
  const words = wordsOf(node)
  if (words !== undefined) {
    if (words[0] !== place.item) names.set(node, resolveName(words, place.scope, place.at))
    return
  }
  refuse(node, place.at)
  const loop = loopOf(node)
  if (loop === undefined) {
    for (const part of partsOf(node)) visit(part, place, names)
    return
  }
  visit(loop.list, place, names)
  const item = itemName(loop.item, place)
  for (const body of loop.bodies) visit(body, { ...place, item }, names)
}

interface Loop {
  readonly list: Node
  readonly item: Node | undefined
  readonly bodies: readonly Node[]
}

function loopOf(node: Node): Loop | undefined {
  if (node.op !== 'rcall') return undefined
  const [name, list, [item, ...bodies]] = node.args
  return LOOPS.has(name) ? { list, item, bodies } : undefined
}

/** One loop inside another would take the square of the time. */
function itemName(item: Node | undefined, place: Place): string {
  const name = item?.op === 'id' ? item.args : undefined
  if (place.item !== undefined)
    throw fault(place.at, 'goes through a list inside another', 'go through one list')
  if (name === undefined || isRoot(name))
    throw fault(place.at, 'does not name the item of its list', 'write list.all(item, …)')
  return name
}

function refuse(node: Node, at: string): void {
  if (node.op === 'value' && node.args === null)
    throw fault(at, 'null is no value', 'ask has(…) whether there is a value')
  if (node.op === 'map') throw fault(at, 'holds a map', 'compare single values')
  if (node.op === 'value' && typeof node.args === 'bigint' && !isExact(node.args))
    throw fault(at, `${node.args} is too large to compare`, 'compare it as text: string(…) == "…"')
}

function isExact(value: bigint): boolean {
  return Number.isSafeInteger(Number(value))
}

function fault(path: string, message: string, cure: string): ConfigError {
  return new ConfigError({ path, message, cure })
}
