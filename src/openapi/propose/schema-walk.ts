import { isObject, items, members, own, ownString } from '../load/json-value.ts'
import { childPointer, readPointer } from '../load/pointer.ts'
import { resolveReference } from '../load/references.ts'
import type { SchemaRef, SchemaRegistry } from '../model.ts'

const MAX_HOPS = 64
/** Schemas that are looked at for one place. */
const MAX_PARTS = 200

/** The schema that a reference leads to; itself where it is none. `undefined`: it leads nowhere, or out of reach. */
export function follow(registry: SchemaRegistry, ref: SchemaRef): SchemaRef | undefined {
  let at = ref
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const reference = ownString(at.schema, '$ref')
    if (reference === undefined) return at
    const target = resolveReference(at.uri, reference)
    if (target.kind !== 'file') return undefined
    const schema = readPointer(registry.resource(target.uri)?.root, target.fragment)
    if (schema === undefined) return undefined
    at = { uri: target.uri, pointer: target.fragment, schema }
  }
  return undefined
}

/** Which applicators are looked through. */
export type Through = 'always' | 'any'

/** A schema with those that speak about the same value: `allOf`, and with `any` also alternatives. References followed. */
export function partsOf(
  registry: SchemaRegistry,
  ref: SchemaRef,
  through: Through,
): readonly SchemaRef[] {
  const keys = through === 'any' ? ['allOf', 'anyOf', 'oneOf'] : ['allOf']
  const found: SchemaRef[] = []
  const seen = new Set<unknown>()
  const pending = [ref]
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const at = follow(registry, next)
    if (at === undefined || seen.has(at.schema) || found.length >= MAX_PARTS) continue
    seen.add(at.schema)
    found.push(at)
    for (const key of keys) {
      for (const index of items(own(at.schema, key)).keys()) pending.push(child(at, key, index))
    }
  }
  return found
}

/** A member of a schema, by the names that lead there. */
export function child(ref: SchemaRef, ...path: readonly (string | number)[]): SchemaRef {
  return path.reduce<SchemaRef>((at, key) => {
    const value: unknown = Array.isArray(at.schema)
      ? (at.schema as unknown[])[Number(key)]
      : own(at.schema, String(key))
    return { uri: at.uri, pointer: childPointer(at.pointer, key), schema: value }
  }, ref)
}

/** The schema of a member, or of items and of names that are data (`*`), as far as the document describes it. */
export function down(
  registry: SchemaRegistry,
  ref: SchemaRef,
  name: string,
): SchemaRef | undefined {
  const parts = partsOf(registry, ref, 'any')
  if (name !== '*') {
    const named = parts.find(({ schema }) => Object.hasOwn(Object(own(schema, 'properties')), name))
    if (named !== undefined) return child(named, 'properties', name)
  }
  for (const key of name === '*' ? ['items', 'additionalProperties'] : ['additionalProperties']) {
    const part = parts.find(({ schema }) => isObject(own(schema, key)))
    if (part !== undefined) return child(part, key)
  }
  return undefined
}

/** The schema at a pointer into the value. */
export function schemaAt(
  registry: SchemaRegistry,
  root: SchemaRef,
  names: readonly string[],
): SchemaRef | undefined {
  let at: SchemaRef | undefined = root
  for (const name of names) at = at === undefined ? undefined : down(registry, at, name)
  return at
}

/** Whether nothing is said about the fields of objects at a place. */
export function isOpen(registry: SchemaRegistry, ref: SchemaRef): boolean {
  const keys = ['properties', 'patternProperties', 'additionalProperties']
  return partsOf(registry, ref, 'any').every(
    ({ schema }) =>
      mayBeObject(schema) &&
      keys.every((key) => {
        const value = own(schema, key)
        return value === undefined || (isObject(value) && members(value).length === 0)
      }),
  )
}

function mayBeObject(schema: unknown): boolean {
  const type = own(schema, 'type')
  return type === undefined || type === 'object' || items(type).includes('object')
}

/** Where a property is best added: the schema itself, or the part of its `allOf` that lists properties. */
export function homeOfProperties(registry: SchemaRegistry, ref: SchemaRef): SchemaRef | undefined {
  const parts = partsOf(registry, ref, 'always')
  const closed = parts.find(({ schema }) => own(schema, 'additionalProperties') === false)
  return closed ?? parts.find(({ schema }) => isObject(own(schema, 'properties'))) ?? parts[0]
}
