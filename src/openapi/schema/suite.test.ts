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
