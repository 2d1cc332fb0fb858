import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { loadApi } from '../load-api.ts'
import { SchemaCompiler } from '../schema/compiler.ts'
import type { Site } from '../schema/resources.ts'
import { FieldGraph } from './graph.ts'
import { componentFields, nearestField } from './named-field.ts'
import { DROP, rewrite } from './rewrite.ts'
import { compileView } from './view.ts'
import type { ViewEdge } from './view.ts'

const marked = { type: 'string', 'x-mark': true }
const SCHEMAS = {
  Plain: { type: 'object', properties: { a: { type: 'string' } } },
  Node: {
    type: 'object',
    properties: {
      secret: marked,
      next: { $ref: '#/components/schemas/Node' },
      list: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
      pair: { prefixItems: [{ type: 'string' }, marked] },
      map: {
        type: 'object',
        additionalProperties: marked,
        properties: { open: { type: 'string' } },
      },
      coded: { type: 'object', patternProperties: { '^x-': marked } },
      either: { oneOf: [{ $ref: '#/components/schemas/Plain' }, { properties: { b: marked } }] },
    },
  },
  Alias: { $ref: '#/components/schemas/Node' },
  'Dotted.Name': { type: 'object', properties: { a: { type: 'string' } } },
}

const document = {
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  components: { schemas: SCHEMAS },
  paths: {
    '/n': {
      get: {
        responses: {
          200: {
            description: 'ok',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } },
          },
        },
      },
    },
  },
}
const model = loadApi({
  name: 'a',
  file: '/a.yaml',
  overlays: [],
  read: () => JSON.stringify(document),
})
const compiler = new SchemaCompiler({
  registry: model.registry,
  direction: 'response',
  unknownFields: 'allow',
  formats: false,
  report: () => undefined,
})

function viewOf(name: string): ViewEdge<true> | undefined {
  const graph = new FieldGraph<true>(compiler, {
    ofValue: ({ schema }: Site) => (Object.hasOwn(Object(schema), 'x-mark') ? [true] : []),
    ofMember: () => [],
    namesOf: () => [],
  })
  const [response] = model.operations[0]?.responses.values() ?? []
  const uri = response?.content[0]?.schema?.uri ?? ''
  const schema = { $ref: `#/components/schemas/${name}` }
  return compileView(graph.place([{ uri, pointer: '', schema }]), () => true as const)
}

function dropped(value: unknown): unknown {
  const view = viewOf('Node')
  assert.ok(view)
  return rewrite(value, view, () => DROP, { path: [] })
}

const cases: [name: string, value: unknown, left: unknown][] = [
  ['drops a member', { secret: 1, other: 2 }, { other: 2 }],
  ['goes round in circles', { next: { next: { secret: 1 } } }, { next: { next: {} } }],
  ['goes through lists', { list: [{ secret: 1 }, { a: 1 }] }, { list: [{}, { a: 1 }] }],
  ['keeps the places of items', { pair: ['a', 'b'] }, { pair: ['a', null] }],
  ['finds names that are not listed', { map: { open: 'a', b: 'c' } }, { map: { open: 'a' } }],
  ['finds names by pattern', { coded: { 'x-a': 'b', y: 'c' } }, { coded: { y: 'c' } }],
  ['looks into every branch', { either: { a: 'x', b: 'y' } }, { either: { a: 'x' } }],
  ['takes no prototype for a member', JSON.parse('{"map":{"__proto__":"x"}}'), { map: {} }],
  ['leaves scalars alone', 'text', 'text'],
]

suite('places of fields', () => {
  for (const [name, value, left] of cases) test(name, () => assert.deepEqual(dropped(value), left))

  test('a schema without marks has no view', () => assert.equal(viewOf('Plain'), undefined))

  test('what nothing changes is returned as it is, and never changed', () => {
    const view = viewOf('Node')
    assert.ok(view)
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = JSON.stringify(value)
        assert.equal(
          rewrite(value, view, (one) => one, { path: [] }),
          value,
        )
        rewrite({ next: value }, view, () => DROP, { path: [] })
        assert.equal(JSON.stringify(value), before)
      }),
    )
  })

  test('very deep values are cut, not followed', () => {
    let value: unknown = { secret: 1 }
    for (let depth = 0; depth < 5000; depth += 1) value = { next: value }
    assert.doesNotMatch(JSON.stringify(dropped(value)), /secret/)
  })
})

suite('names of fields', () => {
  const names = (name: string): string[] =>
    componentFields(model, compiler.resources, name).map(({ field }) => field)

  test('a component and a member', () => assert.deepEqual(names('Node.secret'), ['secret']))
  test('an alias means what it refers to, too', () =>
    assert.deepEqual(names('Alias.secret'), ['secret', 'secret']))
  test('names of schemas may hold dots', () => assert.deepEqual(names('Dotted.Name.a'), ['a']))
  test('a member of a member, through lists', () =>
    assert.deepEqual(names('Node.list.secret'), ['secret', 'secret']))
  test('nothing where no schema has it', () => {
    assert.deepEqual(names('Node.nothing'), [])
    assert.deepEqual(names('None.secret'), [])
    assert.deepEqual(names('Node'), [])
  })
  test('a misspelt one is told', () => {
    const documents = [{ model, resources: compiler.resources }]
    assert.match(nearestField(documents, 'Node.secrte') ?? '', /"Node.secret"/)
  })
})
