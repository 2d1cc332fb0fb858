import { childPointer } from './pointer.ts'
import { MAX_DEPTH } from './parse-text.ts'

/** Most values in one document, aliases counted as often as they are used. */
export const MAX_NODES = 5_000_000

/** A `$ref` (or a discriminator's file) that does not point into its own file. */
export interface ExternalRef {
  readonly ref: string
  readonly pointer: string
  /** The nearest `$id` above it, as written; `undefined` where there is none. */
  readonly id: string | undefined
  /** Whether it is the target of a discriminator: many documents name files there that they do not ship. */
  readonly isMapping: boolean
}

/** What one walk through a file shows. */
export interface Scan {
  readonly nodes: number
  readonly externalRefs: readonly ExternalRef[]
  /** Every `$id` of a schema. */
  readonly ids: ReadonlySet<string>
  /** Every member named `x-sallyport-…`, known or not. */
  readonly sallyportNames: readonly { readonly name: string; readonly pointer: string }[]
  /** Why the file is refused, if it is. */
  readonly refusal:
    | { readonly code: string; readonly message: string; readonly pointer: string }
    | undefined
}

/** Members whose own members are names, not keywords: there, `example` may be a property of that name. */
const NAME_MAPS = new Set(
  (
    'properties patternProperties $defs definitions dependentSchemas schemas responses parameters ' +
    'requestBodies headers securitySchemes pathItems paths webhooks callbacks mediaTypes content encoding variables'
  ).split(' '),
)

/** Members that hold data, in which `$ref` is just a name. */
const DATA_MEMBERS = new Set([
  'example',
  'examples',
  'default',
  'enum',
  'const',
  'value',
  'dataValue',
])

const MAX_LISTED = 100_000

interface Walk {
  readonly path: string[]
  readonly externalRefs: ExternalRef[]
  readonly ids: Set<string>
  readonly sallyportNames: { name: string; pointer: string }[]
  nodes: number
  refusal: Scan['refusal']
}

/**
 * Walks a parsed file once: bounds depth (512) and size (5,000,000 values, so that YAML aliases cannot explode), refuses
 * what is not JSON, and lists the references that leave the file.
 */
export function scan(root: unknown): Scan {
  const walk: Walk = {
    path: [],
    externalRefs: [],
    ids: new Set(),
    sallyportNames: [],
    nodes: 0,
    refusal: undefined,
  }
  visit(walk, root, { isNames: false, isData: false, id: undefined })
  return walk
}

interface Around {
  readonly isNames: boolean
  readonly isData: boolean
  readonly id: string | undefined
}

function visit(walk: Walk, value: unknown, around: Around): void {
  if (walk.refusal !== undefined) return
  if (++walk.nodes > MAX_NODES) {
    return refuse(walk, 'too-many-values', 'the document has more than 5,000,000 values')
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return refuse(walk, 'not-json', 'the number is not finite')
  }
  if (typeof value !== 'object' || value === null) return
  if (walk.path.length >= MAX_DEPTH) {
    return refuse(
      walk,
      'too-deep',
      `the document nests deeper than ${MAX_DEPTH} levels, or in a circle`,
    )
  }
  if (Array.isArray(value)) return visitItems(walk, value as unknown[], around)
  visitMembers(walk, value as { [key: string]: unknown }, around)
}

function visitItems(walk: Walk, list: readonly unknown[], around: Around): void {
  const inside: Around = around.isNames ? { ...around, isNames: false } : around
  for (let index = 0; index < list.length; index++) {
    walk.path.push(String(index))
    visit(walk, list[index], inside)
    walk.path.pop()
  }
}

function visitMembers(walk: Walk, object: { [key: string]: unknown }, around: Around): void {
  const id = around.isNames || around.isData ? around.id : idOf(walk, object, around.id)
  for (const key in object) {
    const value = object[key]
    walk.path.push(key)
    if (!around.isNames && !around.isData) noteMember(walk, key, value, id)
    // `properties` inside `properties` is a property of that name: names and keywords alternate.
    const isNames = !around.isNames && NAME_MAPS.has(key)
    const isData =
      around.isData || (!around.isNames && (DATA_MEMBERS.has(key) || key.startsWith('x-')))
    visit(walk, value, { isNames, isData, id })
    walk.path.pop()
  }
}

function idOf(
  walk: Walk,
  object: { [key: string]: unknown },
  outer: string | undefined,
): string | undefined {
  if (!Object.hasOwn(object, '$id')) return outer
  const id = object['$id']
  if (typeof id !== 'string') return outer
  walk.ids.add(id)
  return id
}

function noteMember(walk: Walk, key: string, value: unknown, id: string | undefined): void {
  if (key === '$ref' && typeof value === 'string')
    noteRef(walk, { ref: value, id, isMapping: false })
  if (key === 'mapping' && typeof value === 'object' && value !== null) {
    for (const target of Object.values(value)) {
      // Anything else in a mapping is the name of a schema of this document.
      if (typeof target === 'string' && /\.(?:ya?ml|json)(?:#|$)/i.test(target)) {
        noteRef(walk, { ref: target, id, isMapping: true })
      }
    }
  }
  if (key.startsWith('x-sallyport-') && walk.sallyportNames.length < MAX_LISTED) {
    walk.sallyportNames.push({ name: key, pointer: pointerOf(walk) })
  }
}

function noteRef(walk: Walk, found: Omit<ExternalRef, 'pointer'>): void {
  if (found.ref.startsWith('#')) return
  if (walk.externalRefs.length >= MAX_LISTED) {
    return refuse(
      walk,
      'too-many-references',
      `the file has more than ${MAX_LISTED} references to others`,
    )
  }
  walk.externalRefs.push({ ...found, pointer: pointerOf(walk) })
}

function refuse(walk: Walk, code: string, message: string): void {
  // A pointer of 512 names helps nobody.
  const pointer = walk.path.slice(0, 16).reduce<string>(childPointer, '')
  walk.refusal = { code, message, pointer }
}

function pointerOf(walk: Walk): string {
  return walk.path.reduce<string>(childPointer, '')
}
