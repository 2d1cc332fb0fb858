import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'

/** A keyword whose value is not what the specification says. */
export interface Malformed {
  readonly keyword: string
  readonly expected: string
}

/**
 * Keywords of earlier drafts that change which values are valid and are not read here. A schema that uses one is
 * refused, because to ignore it would let through what the author meant to stop.
 */
export const UNSUPPORTED_KEYWORDS: readonly string[] = ['$recursiveRef', '$recursiveAnchor']

const TYPES: ReadonlySet<unknown> = new Set([
  'null',
  'boolean',
  'object',
  'array',
  'number',
  'string',
  'integer',
])

type Shape = readonly [expected: string, test: (value: unknown) => boolean]

const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value)
const isString = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const areStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString)
const eachMember = (value: unknown, test: (member: unknown) => boolean): boolean =>
  isObject(value) && Object.values(value).every(test)

const STRING: Shape = ['a string', isString]
const NUMBER: Shape = ['a number', isNumber]
const COUNT: Shape = ['a whole number, not negative', (v) => Number.isInteger(v) && Number(v) >= 0]
const BOOLEAN: Shape = ['true or false', (v) => typeof v === 'boolean']
const SCHEMA: Shape = ['a schema', isSchema]
const SCHEMAS: Shape = ['an array of schemas', (v) => Array.isArray(v) && v.every(isSchema)]
const BRANCHES: Shape = [
  'an array of schemas with at least one',
  (v) => Array.isArray(v) && v.length > 0 && v.every(isSchema),
]
const SCHEMA_MAP: Shape = ['an object of schemas', (v) => eachMember(v, isSchema)]

const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['$ref', STRING],
  ['$id', STRING],
  ['$anchor', STRING],
  ['$dynamicRef', STRING],
  ['$dynamicAnchor', STRING],
  ['type', ['a type name, or an array of them', isType]],
  ['enum', ['an array', Array.isArray]],
  ['multipleOf', ['a number above zero', (v) => isNumber(v) && Number(v) > 0]],
  ['maximum', NUMBER],
  ['minimum', NUMBER],
  ['exclusiveMaximum', NUMBER],
  ['exclusiveMinimum', NUMBER],
  ['maxLength', COUNT],
  ['minLength', COUNT],
  ['pattern', STRING],
  ['format', STRING],
  ['maxItems', COUNT],
  ['minItems', COUNT],
  ['uniqueItems', BOOLEAN],
  ['maxContains', COUNT],
  ['minContains', COUNT],
  ['maxProperties', COUNT],
  ['minProperties', COUNT],
  ['required', ['an array of property names', areStrings]],
  ['dependentRequired', ['an object of arrays of names', (v) => eachMember(v, areStrings)]],
  ['properties', SCHEMA_MAP],
  ['patternProperties', SCHEMA_MAP],
  ['dependentSchemas', SCHEMA_MAP],
  ['dependencies', ['an object of schemas or arrays of names', isDependencies]],
  ['additionalProperties', SCHEMA],
  ['unevaluatedProperties', SCHEMA],
  ['propertyNames', SCHEMA],
  ['items', SCHEMA],
  ['unevaluatedItems', SCHEMA],
  ['contains', SCHEMA],
  ['prefixItems', SCHEMAS],
  ['allOf', SCHEMAS],
  ['anyOf', BRANCHES],
  ['oneOf', BRANCHES],
  ['not', SCHEMA],
  ['if', SCHEMA],
  ['then', SCHEMA],
  ['else', SCHEMA],
  ['readOnly', BOOLEAN],
  ['writeOnly', BOOLEAN],
  ['discriminator', ['an object with a propertyName', isDiscriminator]],
])

/** Every keyword of a schema whose value has the wrong form. Only the schema itself, not what is below it. */
export function findMalformed(keywords: Keywords): readonly Malformed[] {
  const found: Malformed[] = []
  for (const keyword of Object.keys(keywords)) {
    const shape = SHAPES.get(keyword)
    if (shape !== undefined && !shape[1](keywords[keyword]))
      found.push({ keyword, expected: shape[0] })
  }
  return found
}

function isType(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((name) => TYPES.has(name))
  return TYPES.has(value)
}

function isDependencies(value: unknown): boolean {
  return eachMember(value, (member) => isSchema(member) || areStrings(member))
}

function isDiscriminator(value: unknown): boolean {
  if (!isObject(value) || typeof value['propertyName'] !== 'string') return false
  return value['mapping'] === undefined || eachMember(value['mapping'], isString)
}
