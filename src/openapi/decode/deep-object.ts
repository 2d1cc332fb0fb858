import { readText, Unreadable } from './scalar.ts'
import { FORBIDDEN_NAMES, MAX_ITEMS, readArray } from './structure.ts'
import type { TextType } from './text-type.ts'

/** Deepest nesting of brackets in a name. */
const MAX_KEYS = 5

/** A name such as `filter[a][b]` taken apart; `undefined` when it has no brackets or malformed ones. */
export function splitBrackets(
  name: string,
): { readonly base: string; readonly keys: readonly string[] } | undefined {
  const open = name.indexOf('[')
  if (open <= 0 || !name.endsWith(']')) return undefined
  // Counted before the name, which may be a megabyte of brackets, is taken apart.
  let count = 0
  for (let at = open; at >= 0; at = name.indexOf('[', at + 1))
    if (++count > MAX_KEYS) return undefined
  const keys = name.slice(open + 1, -1).split('][')
  if (keys.length > MAX_KEYS || keys.some((key) => /[[\]]/.test(key))) return undefined
  return { base: name.slice(0, open), keys }
}

/** One text of a structured value, with the keys of its place; no keys: the value itself. */
export interface DeepEntry {
  readonly keys: readonly string[]
  readonly text: string
}

interface Node {
  readonly texts: string[]
  readonly below: Map<string, Node>
}

/**
 * Puts the entries of one `deepObject` field together and reads them by their type. Lists are written `a[]=1&a[]=2`,
 * `a[0]=1&a[1]=2` without gaps, or `a=1&a=2`.
 */
export function readDeep(entries: readonly DeepEntry[], type: TextType): unknown {
  const root: Node = { texts: [], below: new Map() }
  for (const { keys, text } of entries) {
    let node = root
    for (const key of keys) {
      if (FORBIDDEN_NAMES.has(key))
        return new Unreadable('name', 'holds a name that is never taken')
      let next = node.below.get(key)
      if (next === undefined) {
        next = { texts: [], below: new Map() }
        node.below.set(key, next)
      }
      node = next
    }
    node.texts.push(text)
  }
  return readNode(root, type)
}

function readNode(node: Node, type: TextType): unknown {
  if (node.below.size === 0) return readLeaf(node.texts, type)
  if (node.texts.length > 0) return new Unreadable('style', 'is both a value and an object')
  if (type.object !== undefined && !(type.items !== undefined && isList(node)))
    return readMembers(node, type)
  if (type.items !== undefined && isList(node)) return readList(node, type.items)
  return new Unreadable('style', 'is not written in the declared style')
}

function readLeaf(texts: readonly string[], type: TextType): unknown {
  const [only] = texts
  if (texts.length === 1 && only !== undefined && type.scalars.length > 0)
    return readText(only, type)
  if (type.items !== undefined) return readArray(texts, type.items)
  return texts.length > 1
    ? new Unreadable('duplicate', 'must come once')
    : new Unreadable('type', 'must be an object')
}

function readMembers(node: Node, type: TextType): unknown {
  const result = Object.create(null) as Record<string, unknown>
  for (const [key, child] of node.below) {
    const childType = type.object?.properties.get(key) ?? type.object?.others ?? type
    const value = readNode(child, childType)
    if (value instanceof Unreadable) return value
    result[key] = value
  }
  return result
}

/** Only `[]`, or indexes from 0 without gaps, so that a sparse list cannot be asked for. */
function isList(node: Node): boolean {
  const keys = [...node.below.keys()]
  return (keys.length === 1 && keys[0] === '') || keys.every((key, index) => key === String(index))
}

function readList(node: Node, items: TextType): unknown {
  const whole = node.below.get('')
  if (whole !== undefined && whole.below.size === 0) return readArray(whole.texts, items)
  if (node.below.size > MAX_ITEMS)
    return new Unreadable('maxItems', `has more than ${MAX_ITEMS} items`)
  const values: unknown[] = []
  for (const child of node.below.values()) {
    const value = readNode(child, items)
    if (value instanceof Unreadable) return value
    values.push(value)
  }
  return values
}
