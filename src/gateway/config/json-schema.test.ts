import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import type { SchemaNode } from './json-schema.ts'
import { candidateKeys, configJsonSchema } from './json-schema.ts'
import { configReference } from './reference.ts'

const root = join(import.meta.dirname, '../../..')
const committed = (path: string): string => readFileSync(join(root, path), 'utf8')

test('the committed schema is the one the gateway uses (node scripts/write-schema.ts)', () => {
  const schema: unknown = JSON.parse(committed('schema/sallyport.schema.json'))
  assert.deepEqual(schema, JSON.parse(JSON.stringify(configJsonSchema())))
})

test('the committed reference is current (node scripts/write-schema.ts)', () => {
  assert.equal(committed('docs/configuration.md'), configReference())
})

test('every key is described', () => {
  let count = 0
  const walk = (node: SchemaNode, path: string): void => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      count++
      assert.match(child.description ?? '', /^.{8,}\.$/, `${path}.${name}`)
    }
    const inner = Object.entries({
      ...node.properties,
      items: node.items,
      rest: node.additionalProperties,
    })
    for (const [name, child] of inner) if (typeof child === 'object') walk(child, `${path}.${name}`)
    for (const branch of node.anyOf ?? []) walk(branch, path)
  }
  walk(configJsonSchema(), '')
  assert.ok(count > 100)
})

test('editors can use the schema', () => {
  const validate = new Ajv({ strict: false }).compile(configJsonSchema())
  assert.equal(validate({ openapi: 'a', upstream: 'b', limits: { ip: 'off' } }), true)
  assert.equal(validate({ openapi: 'a', upstrem: 'b' }), false)
})

test('known keys are found below names, lists and choices', () => {
  assert.ok(candidateKeys(['rules', 3, 'limits']).includes('principal'))
  assert.ok(candidateKeys(['auth', 'jwt', 'issuers', 'x']).includes('audience'))
  assert.ok(candidateKeys(['apis', 'a', 'upstream']).includes('timeout'))
  assert.deepEqual(candidateKeys(['nowhere']), [])
})
