import type { SchemaRef } from '../model.ts'
import { applicable, opensProperties } from '../schema/facts.ts'
import type { Applicable } from '../schema/facts.ts'
import type { Resources, Site } from '../schema/resources.ts'

/** Kinds of values that a text can stand for. */
export type ScalarKind = 'string' | 'integer' | 'number' | 'boolean' | 'null'

/** What a schema says about values that are written as text. */
export interface TextType {
  /** In the order of the schema; a text is read as the first kind that takes it. */
  readonly scalars: readonly ScalarKind[]
  /** Type of the items where arrays are allowed. */
  readonly items: TextType | undefined
  readonly object: ObjectType | undefined
}

/** Type of the properties where objects are allowed. */
export interface ObjectType {
  readonly properties: ReadonlyMap<string, TextType>
  /** Type of properties that are not named. */
  readonly others: TextType
  /** The schema says itself that other properties may stand. */
  readonly isOpen: boolean
}

/** Reads the text type of a schema; of `undefined`, plain text. */
export type TextTypes = (schema: SchemaRef | undefined) => TextType

/** Any text, as it stands. */
export const PLAIN_TEXT: TextType = { scalars: ['string'], items: undefined, object: undefined }

/** Structures in texts nest at most this deep; what is deeper is plain text. */
const MAX_DEPTH = 4
const KINDS: readonly string[] = [
  'string',
  'integer',
  'number',
  'boolean',
  'null',
  'array',
  'object',
]

/** Prepares the reading of text types for the files of one document. */
export function createTextTypes(resources: Resources): TextTypes {
  const known = new Map<string, TextType>()
  return (schema) => {
    if (schema === undefined) return PLAIN_TEXT
    const key = `${schema.uri}#${schema.pointer}`
    const found = known.get(key)
    if (found !== undefined) return found
    const site = resources.site(schema)
    const type = site === undefined ? PLAIN_TEXT : readType(resources, site, 0)
    known.set(key, type)
    return type
  }
}

function readType(resources: Resources, site: Site, depth: number): TextType {
  if (depth > MAX_DEPTH) return PLAIN_TEXT
  const parts = applicable(resources, site)
  const kinds = kindsOf(parts)
  const scalars = kinds.filter((kind) => kind !== 'array' && kind !== 'object') as ScalarKind[]
  return {
    scalars,
    items: kinds.includes('array') ? itemsOf(resources, parts, depth) : undefined,
    object: kinds.includes('object') ? objectOf(resources, parts, depth) : undefined,
  }
}

/** Kinds that every unconditional part allows; where these say nothing, what the branches allow together. */
function kindsOf(parts: readonly Applicable[]): readonly string[] {
  let certain: readonly string[] | undefined
  const possible = new Set<string>()
  for (const part of parts) {
    const kinds = kindsOfPart(part)
    if (kinds === undefined) continue
    if (part.isConditional) for (const kind of kinds) possible.add(kind)
    else certain = certain === undefined ? kinds : intersect(certain, kinds)
  }
  const narrowed = certain?.filter((kind) => possible.size === 0 || isAmong(kind, possible))
  const found =
    narrowed !== undefined && narrowed.length > 0 ? narrowed : (certain ?? [...possible])
  return found.length > 0 ? found : ['string']
}

function isAmong(kind: string, kinds: ReadonlySet<string>): boolean {
  return kinds.has(kind) || (kind === 'number' && kinds.has('integer'))
}

/** An integer is a number: both together mean the integer. */
function intersect(left: readonly string[], right: readonly string[]): readonly string[] {
  const both = left.filter(
    (kind) => right.includes(kind) || (kind === 'integer' && right.includes('number')),
  )
  const narrowed = right.filter(
    (kind) => kind === 'integer' && left.includes('number') && !both.includes(kind),
  )
  return [...both.filter((kind) => kind !== 'number' || right.includes('number')), ...narrowed]
}

function kindsOfPart({ keywords }: Applicable): readonly string[] | undefined {
  const { type } = keywords
  if (typeof type === 'string') return KINDS.includes(type) ? [type] : undefined
  if (Array.isArray(type)) return KINDS.filter((kind) => type.includes(kind)).sort(byPosition(type))
  const values = Array.isArray(keywords['enum']) ? keywords['enum'] : [keywords['const']]
  const kinds = new Set(values.map(kindOfValue).filter((kind) => kind !== undefined))
  if (kinds.size > 0) return [...kinds]
  if (keywords['properties'] !== undefined) return ['object']
  return keywords['items'] === undefined ? undefined : ['array']
}

function byPosition(order: readonly unknown[]): (a: string, b: string) => number {
  return (a, b) => order.indexOf(a) - order.indexOf(b)
}

function kindOfValue(value: unknown): string | undefined {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return KINDS.find((kind) => kind === typeof value)
}

function itemsOf(resources: Resources, parts: readonly Applicable[], depth: number): TextType {
  const part = parts.find(({ keywords }) => keywords['items'] !== undefined)
  return part === undefined
    ? PLAIN_TEXT
    : readType(resources, resources.child(part.site, 'items'), depth + 1)
}

function objectOf(resources: Resources, parts: readonly Applicable[], depth: number): ObjectType {
  const properties = new Map<string, TextType>()
  let others = PLAIN_TEXT
  for (const { site, keywords } of parts) {
    for (const name of Object.keys(keywords['properties'] ?? {})) {
      if (properties.has(name)) continue
      properties.set(
        name,
        readType(resources, resources.child(site, 'properties', name), depth + 1),
      )
    }
    if (typeof keywords['additionalProperties'] === 'object') {
      others = readType(resources, resources.child(site, 'additionalProperties'), depth + 1)
    }
  }
  const isOpen = parts.some(({ keywords }) => opensProperties(keywords)) || properties.size === 0
  return { properties, others, isOpen }
}
