import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Dialect, Finding, SchemaRegistry } from '../model.ts'
import { SchemaCompiler } from './compiler.ts'

const VECTORS = join(import.meta.dirname, '../../../test/vectors/json-schema')
const HERE = 'https://suite.test/schema'

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly {
    readonly description: string
    readonly data: unknown
    readonly valid: boolean
  }[]
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))
const jsonFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  )

/** What the suite serves at http://localhost:1234, and the meta-schema; nothing is fetched. */
function readRemotes(): ReadonlyMap<string, unknown> {
  const remotes = new Map<string, unknown>()
  for (const name of jsonFiles(join(VECTORS, 'remotes'))) {
    remotes.set(`http://localhost:1234/${name}`, read(join(VECTORS, 'remotes', name)))
  }
  for (const name of jsonFiles(join(VECTORS, 'metaschema'))) {
    const url = `https://json-schema.org/draft/2020-12/${name.replace('.json', '')}`
    remotes.set(url, read(join(VECTORS, 'metaschema', name)))
  }
  return remotes
}

const REMOTES = readRemotes()

function compile(
  schema: unknown,
  dialect: Dialect,
): { valid: (data: unknown) => boolean; findings: Finding[] } {
  const registry: SchemaRegistry = {
    resource(uri) {
      if (uri === HERE) return { root: schema, dialect }
      return REMOTES.has(uri) ? { root: REMOTES.get(uri), dialect: '2020-12' } : undefined
    },
  }
  const findings: Finding[] = []
  const compiler = new SchemaCompiler({
    registry,
    direction: 'request',
    unknownFields: 'allow',
    formats: false,
    report: (finding) => findings.push(finding),
  })
  const validate = compiler.validator({ uri: HERE, pointer: '', schema })
  return { valid: (data) => validate(data) === undefined, findings }
}

function runFolder(
  folder: string,
  dialect: Dialect,
  excluded: (file: string, group: Group) => boolean,
): number {
  let count = 0
  for (const file of readdirSync(join(VECTORS, folder))) {
    const groups = (read(join(VECTORS, folder, file)) as Group[]).filter(
      (group) => !excluded(file, group),
    )
    count += groups.reduce((sum, group) => sum + group.tests.length, 0)
    describe(`${folder}/${file}`, () => {
      for (const group of groups) {
        test(group.description, () => {
          const { valid, findings } = compile(group.schema, dialect)
          assert.deepEqual(
            findings.filter((one) => one.severity === 'error'),
            [],
          )
          for (const one of group.tests) assert.equal(valid(one.data), one.valid, one.description)
        })
      }
    })
  }
  return count
}

describe('JSON Schema Test Suite, every required case of 2020-12', () => {
  const count = runFolder('draft2020-12', '2020-12', () => false)
  test('has seen the whole suite', () => assert.ok(count > 1200, String(count)))
})

/** What draft 4 has and the dialect of OpenAPI 3.0 has not, by file; a reason for each. */
const NOT_IN_30: Readonly<Record<string, string>> = {
  'additionalItems.json': 'no array form of items',
  'definitions.json': 'refers to the meta-schema of draft 4',
  'dependencies.json': 'no dependencies',
  'format.json': 'asserts nothing in draft 4 either, and formats are tested on their own',
  'patternProperties.json': 'no patternProperties',
  'refRemote.json': 'no id, and remote documents are never read',
}

/** Single groups that use what the dialect has not. */
const NOT_IN_30_GROUPS: Readonly<Record<string, string>> = {
  'additionalProperties being false does not allow other properties': 'patternProperties',
  'non-ASCII pattern with additionalProperties': 'patternProperties',
  'an array of schemas for items': 'array form of items',
  'items and subitems': 'array form of items',
  'properties, patternProperties, additionalProperties interaction': 'patternProperties',
  'multiple types can be specified in an array': 'array form of type',
  'type as array with one item': 'array form of type',
  'type: array or object': 'array form of type',
  'type: array, object or null': 'array form of type',
  'not multiple types': 'array form of type',
  'uniqueItems with an array of items': 'array form of items',
  'uniqueItems with an array of items and additionalItems=false': 'array form of items',
  'uniqueItems=false with an array of items': 'array form of items',
  'uniqueItems=false with an array of items and additionalItems=false': 'array form of items',
  'relative pointer ref to array': 'array form of items',
  'remote ref, containing refs itself': 'refers to the meta-schema of draft 4',
  'Recursive references between schemas': 'id',
  'Location-independent identifier': 'id',
  'id with file URI still resolves pointers - *nix': 'id',
  'id with file URI still resolves pointers - windows': 'id',
  'id must be resolved against nearest parent, not just immediate parent': 'id',
  'array-form items with null instance elements': 'array form of items',
  '$ref prevents a sibling id from changing the base uri': 'id',
  'Location-independent identifier with base URI change in subschema': 'id',
}

describe('JSON Schema Test Suite, draft 4 as far as OpenAPI 3.0 has its keywords', () => {
  const count = runFolder(
    'draft4',
    'openapi-3.0',
    (file, group) =>
      Object.hasOwn(NOT_IN_30, file) || Object.hasOwn(NOT_IN_30_GROUPS, group.description),
  )
  test('excludes only what exists', () => {
    const files = readdirSync(join(VECTORS, 'draft4'))
    const groups = files.flatMap((file) => read(join(VECTORS, 'draft4', file)) as Group[])
    const names = new Set(groups.map((group) => group.description))
    assert.deepEqual(
      Object.keys(NOT_IN_30).filter((file) => !files.includes(file)),
      [],
    )
    assert.deepEqual(
      Object.keys(NOT_IN_30_GROUPS).filter((name) => !names.has(name)),
      [],
    )
  })
  test('has seen most of the suite', () => assert.ok(count > 350, String(count)))
})
