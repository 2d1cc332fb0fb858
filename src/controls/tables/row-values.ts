import type { FieldNode } from '../../openapi/fields/graph.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site } from '../../openapi/schema/resources.ts'
import type { FieldMark } from '../field-marks.ts'

/** A declared column: where its value stands in a row's object, and what a cell of it says. */
export interface Column {
  readonly path: readonly string[]
  readonly read: (text: string) => unknown
  /** It would hold an object or a list, of which a cell could only be a text that nobody looked into. */
  readonly isStructure: boolean
}

/** A number in its one spelling, exact as a double. */
const PLAIN_NUMBER = /^(?:0|-?[1-9]\d{0,14})(?:\.\d{0,9}[1-9])?$/

/** Finds what the rows of a table declare, by the names of columns. */
export class RowReader {
  readonly #resources: Resources
  readonly #item: Site
  readonly #node: FieldNode<FieldMark>

  /** @param node the place of a row. */
  constructor(resources: Resources, item: Site, node: FieldNode<FieldMark>) {
    this.#resources = resources
    this.#item = item
    this.#node = node
  }

  /** The column of a name; `undefined` where no schema declares it. Dots lead into objects. */
  column(name: string): Column | undefined {
    const path = this.#node.members.has(name) ? [name] : name.split('.')
    let node = this.#node
    for (const step of path) {
      const edge = node.members.get(step)
      if (edge === undefined) return undefined
      node = edge.node
    }
    const types = this.#typesOf(path)
    const isDeep = types.has('object') || types.has('array') || node.members.size > 0
    return { path, read: cellReader(types), isStructure: isDeep && !types.has('string') }
  }

  #typesOf(path: readonly string[]): ReadonlySet<unknown> {
    let sites: readonly Site[] = [this.#item]
    for (const step of path)
      sites = sites.flatMap((site) =>
        applicable(this.#resources, site).flatMap(({ site: at, keywords }) => {
          const { properties } = keywords
          const isThere =
            typeof properties === 'object' && properties !== null && Object.hasOwn(properties, step)
          return isThere ? [this.#resources.child(at, 'properties', step)] : []
        }),
      )
    const types = sites.flatMap((site) =>
      applicable(this.#resources, site).flatMap(({ keywords: { type } }) => type),
    )
    return new Set(types.filter((type) => type !== undefined))
  }
}

/** Cells are texts: what they say is what the document declares. What does not fit stays a text, which equals no number. */
function cellReader(types: ReadonlySet<unknown>): Column['read'] {
  const isText = types.has('string') || types.size === 0
  const isNumber = types.has('integer') || types.has('number')
  return (text) => {
    if (text === '') return isText && !types.has('null') ? '' : null
    if (isText) return text
    if (isNumber && PLAIN_NUMBER.test(text)) return Number(text)
    if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
    return text
  }
}

/** A row as the object that it stands for. */
export function rowObject(
  columns: readonly (Column | undefined)[],
  cells: readonly { readonly text: string }[],
): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [index, column] of columns.entries()) {
    if (column !== undefined) setAt(row, column.path, column.read(cells[index]?.text ?? ''))
  }
  return row
}

function setAt(row: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = row
  for (const step of path.slice(0, -1)) {
    const inner = Object.hasOwn(at, step) ? at[step] : undefined
    const next = typeof inner === 'object' && inner !== null ? inner : {}
    define(at, step, next)
    at = next as Record<string, unknown>
  }
  define(at, path.at(-1) ?? '', value)
}

/** A column may be called `__proto__`. */
function define(at: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(at, name, { value, enumerable: true, writable: true, configurable: true })
}

/** What a row holds for a column. */
export function valueAt(row: unknown, path: readonly string[]): unknown {
  let at = row
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[step]
  }
  return at
}
