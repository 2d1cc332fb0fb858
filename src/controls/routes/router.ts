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
  /** The static segments in a list, while they are few. */
  readonly few: { readonly segment: string; readonly node: Node<T> }[]
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
  return { statics: new Map(), few: [], mixed: [], parameter: undefined, entry: undefined }
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
    const values: string[] = []
    const entry = walk(this.#root, { text: path, values }, 1)
    return entry === undefined ? undefined : { entry, values }
  }
}

function child<T>(node: Node<T>, segment: string): Node<T> {
  const variables = segment.match(VARIABLE)
  if (variables === null) {
    const known = node.statics.get(segment)
    if (known !== undefined) return known
    const added = newNode<T>()
    node.statics.set(segment, added)
    node.few.push({ segment, node: added })
    return added
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

/** Up to here comparing is faster than hashing a segment that was just cut out. */
const FEW = 8

function staticChild<T>({ statics, few }: Node<T>, segment: string): Node<T> | undefined {
  if (few.length > FEW) return statics.get(segment)
  for (const child of few) if (child.segment === segment) return child.node
  return undefined
}

interface Walk {
  readonly text: string
  readonly values: string[]
}

/** `at`: where the next segment begins, behind its slash; beyond the end, there is none. */
function walk<T>(node: Node<T>, path: Walk, at: number): PathEntry<T> | undefined {
  const { text } = path
  if (at > text.length) return node.entry
  const slash = text.indexOf('/', at)
  const end = slash < 0 ? text.length : slash
  const segment = text.slice(at, end)
  const fixed = staticChild(node, segment)
  const found = fixed === undefined ? undefined : walk(fixed, path, end + 1)
  if (found !== undefined) return found
  if (segment === '') return undefined
  const step = { segment, next: end + 1 }
  return walkMixed(node, path, step) ?? walkParameter(node, path, step)
}

interface Step {
  readonly segment: string
  /** Where the segment after it begins. */
  readonly next: number
}

function walkMixed<T>(node: Node<T>, path: Walk, step: Step): PathEntry<T> | undefined {
  for (const { literals, node: next } of node.mixed) {
    const values = mixedValues(literals, step.segment)
    if (values === undefined) continue
    const kept = path.values.length
    path.values.push(...values)
    const found = walk(next, path, step.next)
    if (found !== undefined) return found
    path.values.length = kept
  }
  return undefined
}

function walkParameter<T>(node: Node<T>, path: Walk, step: Step): PathEntry<T> | undefined {
  if (node.parameter === undefined) return undefined
  path.values.push(step.segment)
  const found = walk(node.parameter, path, step.next)
  if (found === undefined) path.values.pop()
  return found
}
