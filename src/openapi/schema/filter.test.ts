import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Filter } from './contract.ts'
import { makeFixture } from './fixture.ts'

// Spelled out, the name would make the schemas look like promises.
const THEN = 'THEN'.toLowerCase()

const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

const SCHEMAS: Readonly<Record<string, unknown>> = {
  User: {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'integer' },
      name: { type: 'string' },
      password: { type: 'string', writeOnly: true },
      boss: ref('User'),
      meta: { type: 'object' },
    },
  },
  Users: { type: 'array', items: ref('User') },
  Free: { type: 'object' },
  Audited: {
    allOf: [
      ref('User'),
      { properties: { at: { type: 'string' }, boss: { properties: { rank: {} } } } },
    ],
  },
  Either: {
    oneOf: [
      { type: 'object', required: ['a'], properties: { a: { type: 'integer' }, x: {} } },
      { type: 'object', required: ['b'], properties: { b: { type: 'integer' }, y: {} } },
    ],
  },
  Maybe: { anyOf: [ref('User'), { type: 'null' }] },
  Pet: { oneOf: [ref('Cat'), ref('Dog')], discriminator: { propertyName: 'kind' } },
  Cat: { type: 'object', properties: { kind: { type: 'string' }, lives: {} } },
  Dog: { type: 'object', properties: { kind: { type: 'string' }, bark: {} } },
  Animal: {
    type: 'object',
    properties: { kind: { type: 'string' } },
    discriminator: { propertyName: 'kind' },
  },
  Horse: { allOf: [ref('Animal'), { properties: { speed: { type: 'integer' } } }] },
  Map: { type: 'object', additionalProperties: ref('Cat') },
  Open: { type: 'object', properties: { a: {} }, additionalProperties: true },
  Patterned: { type: 'object', patternProperties: { '^x-': { properties: { k: {} } } } },
  Tuple: { type: 'array', prefixItems: [ref('Cat'), ref('Dog')], items: { type: 'string' } },
  When: {
    properties: { kind: {} },
    if: { properties: { kind: { const: 'a' } } },
    [THEN]: { properties: { a: {} } },
    else: { properties: { b: {} } },
  },
  Text: { type: 'string' },
}

function filterOf(name: string): { readonly filter: Filter; readonly notes: readonly string[] } {
  const fixture = makeFixture({ components: { schemas: SCHEMAS } }, '2020-12', {
    direction: 'response',
  })
  const filter = fixture.compiler.filter(fixture.ref(`/components/schemas/${name}`))
  assert.deepEqual(
    fixture.findings.filter((one) => one.severity === 'error'),
    [],
  )
  return { filter, notes: fixture.findings.map((one) => `${one.code} ${one.source.pointer}`) }
}

const cases: [name: string, schema: string, value: unknown, kept: unknown, dropped: string[]][] = [
  ['drops an undeclared field', 'User', { id: 1, hash: 'h' }, { id: 1 }, ['/hash']],
  ['drops writeOnly', 'User', { id: 1, password: 'p' }, { id: 1 }, ['/password']],
  [
    'drops at depth',
    'User',
    { id: 1, boss: { id: 2, hash: 'h' } },
    { id: 1, boss: { id: 2 } },
    ['/boss/hash'],
  ],
  [
    'drops in array items',
    'Users',
    [{ id: 1 }, { id: 2, hash: 1 }],
    [{ id: 1 }, { id: 2 }],
    ['/1/hash'],
  ],
  [
    'keeps everything in a free-form object',
    'User',
    { id: 1, meta: { a: { b: 1 } } },
    { id: 1, meta: { a: { b: 1 } } },
    [],
  ],
  ['keeps the union of allOf', 'Audited', { id: 1, at: 't', z: 1 }, { id: 1, at: 't' }, ['/z']],
  [
    'joins what several schemas say of one field',
    'Audited',
    { id: 1, boss: { id: 2, rank: 1, z: 1 } },
    { id: 1, boss: { id: 2, rank: 1 } },
    ['/boss/z'],
  ],
  [
    'keeps what the matching branch declares',
    'Either',
    { a: 1, x: 1, y: 1 },
    { a: 1, x: 1 },
    ['/y'],
  ],
  [
    'keeps what any branch declares when none matches',
    'Either',
    { x: 1, y: 1, z: 1 },
    { x: 1, y: 1 },
    ['/z'],
  ],
  ['filters the object branch beside null', 'Maybe', { id: 1, z: 1 }, { id: 1 }, ['/z']],
  ['passes null beside an object branch', 'Maybe', null, null, []],
  [
    'follows the discriminator',
    'Pet',
    { kind: 'Cat', lives: 9, bark: 1 },
    { kind: 'Cat', lives: 9 },
    ['/bark'],
  ],
  [
    'keeps any branch for an unknown tag',
    'Pet',
    { kind: 'X', lives: 9, z: 1 },
    { kind: 'X', lives: 9 },
    ['/z'],
  ],
  [
    'follows the discriminator to children',
    'Animal',
    { kind: 'Horse', speed: 1, z: 1 },
    { kind: 'Horse', speed: 1 },
    ['/z'],
  ],
  ['filters values of a map', 'Map', { a: { lives: 1, z: 1 } }, { a: { lives: 1 } }, ['/a/z']],
  ['keeps other fields where allowed', 'Open', { a: 1, z: { y: 1 } }, { a: 1, z: { y: 1 } }, []],
  [
    'knows fields by pattern',
    'Patterned',
    { 'x-1': { k: 1, z: 1 }, y: 1 },
    { 'x-1': { k: 1 } },
    ['/x-1/z', '/y'],
  ],
  [
    'filters tuples',
    'Tuple',
    [{ lives: 1, z: 1 }, { bark: 1 }, 'x'],
    [{ lives: 1 }, { bark: 1 }, 'x'],
    ['/0/z'],
  ],
  ['follows then', 'When', { kind: 'a', a: 1, b: 1 }, { kind: 'a', a: 1 }, ['/b']],
  ['follows else', 'When', { kind: 'b', a: 1, b: 1 }, { kind: 'b', b: 1 }, ['/a']],
  [
    'drops a structure where a scalar is declared',
    'User',
    { id: 1, name: { first: 'f' } },
    { id: 1 },
    ['/name'],
  ],
  [
    'drops an array where an object is declared',
    'User',
    { id: 1, boss: [{ hash: 1 }] },
    { id: 1 },
    ['/boss'],
  ],
  ['makes a root of undeclared structure null', 'Text', { a: 1 }, null, ['']],
  [
    'makes an item of undeclared structure null',
    'Tuple',
    [{}, {}, { a: 1 }],
    [{}, {}, null],
    ['/2'],
  ],
  ['passes a wrong scalar', 'User', { id: 'x' }, { id: 'x' }, []],
  ['passes null for an object', 'User', { id: 1, boss: null }, { id: 1, boss: null }, []],
  ['passes a scalar root', 'User', 'text', 'text', []],
]

describe('response filter', () => {
  for (const [name, schema, value, kept, dropped] of cases) {
    test(name, () => {
      const before = structuredClone(value)
      const result = filterOf(schema).filter(value)
      assert.deepEqual(result.value, kept)
      assert.deepEqual(result.dropped, dropped)
      assert.deepEqual(value, before, 'the input must not change')
      if (dropped.length === 0) assert.equal(result.value, value, 'nothing may be copied')
    })
  }

  test('drops a field called __proto__ and keeps prototypes alone', () => {
    const value: unknown = JSON.parse('{"id":1,"__proto__":{"admin":true},"constructor":1}')
    const result = filterOf('User').filter(value)
    assert.equal(JSON.stringify(result.value), '{"id":1}')
    assert.equal(Object.getPrototypeOf(result.value), Object.prototype)
  })

  test('keeps a declared field called __proto__ when it copies', () => {
    const schema: unknown = JSON.parse('{"properties":{"__proto__":{"type":"string"}}}')
    const fixture = makeFixture({ components: { schemas: { It: schema } } }, '2020-12', {
      direction: 'response',
    })
    const filter = fixture.compiler.filter(fixture.ref('/components/schemas/It'))
    const result = filter(JSON.parse('{"z":1,"__proto__":"own"}'))
    assert.equal(JSON.stringify(result.value), '{"__proto__":"own"}')
  })

  test('tells once which schemas declare no fields', () => {
    assert.deepEqual(filterOf('Users').notes, [
      'unfilterable-response /components/schemas/User/properties/meta',
    ])
    assert.deepEqual(filterOf('Free').notes, ['unfilterable-response /components/schemas/Free'])
  })

  test('keeps at most 100 pointers', () => {
    const value = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`z${i}`, i]))
    assert.equal(filterOf('User').filter(value).dropped.length, 100)
  })

  test('never throws, and what it has filtered it filters no further', () => {
    const names = fc.constantFrom('id', 'name', 'boss', 'kind', 'lives', 'a', 'b', 'z', '__proto__')
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom<unknown>(null, 1, 'x', 'Cat', true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(names, tie('value'), { maxKeys: 4 }),
      ),
    }))
    const filters = Object.keys(SCHEMAS).map((name) => filterOf(name).filter)
    fc.assert(
      fc.property(fc.constantFrom(...filters), value, (filter, input) => {
        const once = filter(input).value
        assert.deepEqual(filter(once).value, once)
      }),
      { numRuns: 500 },
    )
  })
})
