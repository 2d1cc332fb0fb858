/** What stands behind a path: one value per method. */
export interface PathEntry<T> {
  /** The template, for messages. */
  readonly template: string
  readonly methods: Map<string, T>
}

/** A path that was found, with the raw (percent-encoded) values of the template's parameters in order. */
export interface PathMatch<T> {
  readonly entry: PathEntry<T>
  readonly values: readonly string[]
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>
  /** Segments that mix literals and parameters, such as `{id}:cancel` or `{name}.{ext}`. */
  readonly mixed: {
    readonly source: string
    readonly literals: readonly string[]
    readonly node: Node<T>
  }[]
  parameter: Node<T> | undefined
  entry: PathEntry<T> | undefined
}

function newNode<T>(): Node<T> {
  return { statics: new Map(), mixed: [], parameter: undefined, entry: undefined }
}

const VARIABLE = /\{[^{}]+\}/g

/**
 * Finds operations by path. Static segments come before mixed ones (those with more literal characters first), mixed
 * ones before whole parameters; a parameter matches one segment that is not empty. Case and trailing slashes count. Nothing is decoded: paths are canonical.
 * @see OpenAPI 3.1 "Paths Object", path templating matching
 */
export class Router<T> {
  readonly #root: Node<T> = newNode()

  /** Adds an operation. Returns the template that already holds this method on an equal path, if there is one. */
  add(method: string, template: string, value: T): string | undefined {
    let node = this.#root
    for (const segment of template.split('/').slice(1)) node = child(node, segment)
    node.entry ??= { template, methods: new Map() }
    if (node.entry.methods.has(method)) return node.entry.template
    node.entry.methods.set(method, value)
    return undefined
  }

  /** Finds what stands behind a canonical path. The work is bounded by the number of templates. */
  match(path: string): PathMatch<T> | undefined {
    const segments = path.split('/')
    const values: string[] = []
    const entry = walk(this.#root, { segments, values }, 1)
    return entry === undefined ? undefined : { entry, values }
  }
}

function child<T>(node: Node<T>, segment: string): Node<T> {
  const variables = segment.match(VARIABLE)
  if (variables === null) {
    const found = node.statics.get(segment) ?? newNode<T>()
    node.statics.set(segment, found)
    return found
  }
  if (variables.length === 1 && variables[0] === segment) return (node.parameter ??= newNode<T>())
  const source = segment.replaceAll(VARIABLE, '{}')
  const before = node.mixed.find((mixed) => mixed.source === source)
  if (before !== undefined) return before.node
  const added = { source, literals: segment.split(VARIABLE), node: newNode<T>() }
  node.mixed.push(added)
  // The more is fixed, the more exactly it is meant: `{name}.json` comes before `{name}.{ext}`.
  node.mixed.sort((a, b) => fixedChars(b.literals) - fixedChars(a.literals))
  return added.node
}

function fixedChars(literals: readonly string[]): number {
  return literals.join('').length
}

/**
 * Reads the variables between literals. Each takes the shortest run that is not empty up to the next literal, the
 * last one all up to the closing literal: one pass, no backtracking.
 */
function mixedValues(literals: readonly string[], segment: string): string[] | undefined {
  const first = literals[0] as string
  const last = literals.at(-1) as string
  const end = segment.length - last.length
  if (!segment.startsWith(first) || !segment.endsWith(last)) return undefined
  const values: string[] = []
  let at = first.length
  for (const literal of literals.slice(1, -1)) {
    const next = segment.indexOf(literal, at + 1)
    if (next < 0 || next + literal.length > end) return undefined
    values.push(segment.slice(at, next))
    at = next + literal.length
  }
  if (at >= end) return undefined
  values.push(segment.slice(at, end))
  return values
}

interface Walk {
  readonly segments: readonly string[]
  readonly values: string[]
}

function walk<T>(node: Node<T>, path: Walk, depth: number): PathEntry<T> | undefined {
  if (depth === path.segments.length) return node.entry
  const segment = path.segments[depth] as string
  const fixed = node.statics.get(segment)
  const found = fixed === undefined ? undefined : walk(fixed, path, depth + 1)
  if (found !== undefined) return found
  if (segment === '') return undefined
  return walkMixed(node, path, depth) ?? walkParameter(node, path, depth)
}

function walkMixed<T>(node: Node<T>, path: Walk, depth: number): PathEntry<T> | undefined {
  for (const { literals, node: next } of node.mixed) {
    const values = mixedValues(literals, path.segments[depth] as string)
    if (values === undefined) continue
    const found = walkWith(next, path, { depth, values })
    if (found !== undefined) return found
  }
  return undefined
}

function walkParameter<T>(node: Node<T>, path: Walk, depth: number): PathEntry<T> | undefined {
  if (node.parameter === undefined) return undefined
  return walkWith(node.parameter, path, { depth, values: [path.segments[depth] as string] })
}

function walkWith<T>(
  node: Node<T>,
  path: Walk,
  step: { readonly depth: number; readonly values: readonly string[] },
): PathEntry<T> | undefined {
  const kept = path.values.length
  path.values.push(...step.values)
  const found = walk(node, path, step.depth + 1)
  if (found === undefined) path.values.length = kept
  return found
}
