import type { Document, Node, YAMLError } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { ConfigFault } from '../../base/config-error.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { ConfigPath } from './paths.ts'
import type { Place } from './report.ts'

/** The content of a YAML 1.2 file, and where its values stand. */
export interface YamlSource {
  readonly data: unknown
  readonly faults: readonly ConfigFault[]
  locate(path: ConfigPath, isKey?: boolean): Place
}

/** A node as the parser hands it over; keys and values may be missing. */
type AnyNode = Node | null | undefined

function childOf(
  node: AnyNode,
  step: string | number,
): { key: AnyNode; value: AnyNode } | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step] as AnyNode
    return item === undefined ? undefined : { key: item, value: item }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair === undefined ? undefined : { key: pair.key as AnyNode, value: pair.value as AnyNode }
}

/** Offset of the value at a path, of its key where the value is a block, or of the nearest thing above it. */
function offsetOf(document: Document, path: ConfigPath, isKey: boolean): number {
  let node: AnyNode = document.contents
  let offset = node?.range?.[0] ?? 0
  for (const [i, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const child = childOf(node, step)
    if (child === undefined) break
    node = child.value
    const isValue = isScalar(node) && node.source !== '' && !(isKey && i === path.length - 1)
    const place = isValue ? node : child.key
    offset = place?.range?.[0] ?? offset
  }
  return offset
}

function describeError(error: YAMLError, text: string): string {
  if (error.code !== 'DUPLICATE_KEY') return error.message.replace(/\s+/g, ' ')
  const key = /^"[^"]*"|^'[^']*'|^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? ''
  return `duplicate key ${key}`
}

/**
 * Reads YAML 1.2 (core schema: `off` and `yes` are words; no merge keys, no custom tags, bounded aliases).
 * Duplicate keys are reported with the rest. Throws `ConfigError` when the text is no YAML.
 */
export function readYaml(text: string, file: string): YamlSource {
  const counter = new LineCounter()
  const place = (offset: number): Place => {
    const { line, col } = counter.linePos(offset)
    return { file, line, column: col }
  }
  const document = parseYaml(text, file, counter)
  const problems = [...document.errors, ...document.warnings]
  const faults = problems.map((error): ConfigFault => {
    const cure = error.code === 'DUPLICATE_KEY' ? { cure: 'write it once' } : {}
    return { path: '', message: describeError(error, text), ...cure, ...place(error.pos[0]) }
  })
  if (problems.some((error) => error.code !== 'DUPLICATE_KEY')) throw new ConfigError(faults)
  const locate = (path: ConfigPath, isKey = false): Place => place(offsetOf(document, path, isKey))
  return { data: toData(document, file), faults, locate }
}

function parseYaml(text: string, file: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, version: '1.2', schema: 'core' })
  } catch (error) {
    // A stack overflow on absurd nesting is the one thing the parser does not report itself.
    throw new ConfigError({ path: '', message: `cannot be read: ${String(error)}`, file })
  }
}

function toData(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new ConfigError({ path: '', message: `cannot be read: ${String(error)}`, file })
  }
}
