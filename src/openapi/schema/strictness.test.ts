import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFixture } from './fixture.ts'

// Spelled out, the name would make the schemas look like promises.
const THEN = 'THEN'.toLowerCase()

const BASE = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }
const MIXIN = { type: 'object', properties: { note: { type: 'string' } } }
const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

function refusals(schema: unknown, value: unknown): readonly string[] {
  const root = {
    components: { schemas: { Base: BASE, Mixin: MIXIN, Free: { type: 'object' }, It: schema } },
  }
  const { compiler, ref: at, findings } = makeFixture(root, '2020-12')
  const violations = compiler.validator(at('/components/schemas/It'))(value) ?? []
  assert.deepEqual(
    findings.filter((one) => one.severity === 'error'),
    [],
  )
  return violations.map((one) => `${one.keyword} ${one.pointer}`)
}

const UNKNOWN = 'unevaluatedProperties'
const cases: [name: string, schema: unknown, value: unknown, refused: string[]][] = [
  ['accepts declared fields', BASE, { id: 1 }, []],
  ['refuses an unknown field at the root', BASE, { id: 1, isAdmin: true }, [`${UNKNOWN} /isAdmin`]],
  ['refuses an unknown field behind a reference', ref('Base'), { id: 1, x: 1 }, [`${UNKNOWN} /x`]],
  [
    'refuses an unknown field in an array item',
    { type: 'array', items: ref('Base') },
    [{ id: 1 }, { id: 2, x: 1 }],
    [`${UNKNOWN} /1/x`],
  ],
  [
    'refuses an unknown field in an additionalProperties value',
    { type: 'object', additionalProperties: ref('Base') },
    { a: { id: 1, x: 1 } },
    [`${UNKNOWN} /a/x`],
  ],
  ['leaves a free-form object open', { type: 'object' }, { anything: 1 }, []],
  ['takes empty properties for free-form', { type: 'object', properties: {} }, { anything: 1 }, []],
  [
    'leaves an object open that says so',
    { ...BASE, additionalProperties: true },
    { id: 1, x: 1 },
    [],
  ],
  ['allows the union of allOf', { allOf: [ref('Base'), ref('Mixin')] }, { id: 1, note: 'n' }, []],
  [
    'closes allOf over its union',
    { allOf: [ref('Base'), ref('Mixin')] },
    { id: 1, x: 1 },
    [`${UNKNOWN} /x`],
  ],
  [
    'is not opened by a free-form branch',
    { allOf: [ref('Base'), ref('Free')] },
    { id: 1, x: 1 },
    [`${UNKNOWN} /x`],
  ],
  [
    'is opened by a branch that says so',
    { allOf: [ref('Base'), { additionalProperties: true }] },
    { id: 1, x: 1 },
    [],
  ],
  [
    'counts a required name as known',
    { allOf: [ref('Base'), { required: ['tag'] }] },
    { id: 1, tag: 2 },
    [],
  ],
  [
    'knows the fields of the anyOf branches that match',
    { anyOf: [ref('Base'), ref('Mixin')] },
    { id: 1, note: 'n' },
    [],
  ],
  [
    'does not know the fields of a branch that fails',
    {
      anyOf: [
        ref('Base'),
        { type: 'object', properties: { note: { type: 'string' } }, required: ['note', 'n2'] },
      ],
    },
    { id: 1, note: 'n' },
    [`${UNKNOWN} /note`],
  ],
  [
    'closes oneOf only after a branch was chosen',
    { oneOf: [ref('Base'), { type: 'object', properties: { code: {} }, required: ['code'] }] },
    { code: 1, x: 1 },
    [`${UNKNOWN} /x`],
  ],
  [
    'does not let strictness choose between overlapping branches',
    { oneOf: [ref('Mixin'), { type: 'object', properties: { code: {} } }] },
    { code: 1 },
    ['oneOf '],
  ],
  [
    'knows the fields of if and then',
    {
      properties: { kind: {} },
      if: { properties: { kind: { const: 'a' } } },
      [THEN]: { properties: { a: {} } },
    },
    { kind: 'a', a: 1, b: 2 },
    [`${UNKNOWN} /b`],
  ],
  [
    'knows fields by pattern',
    { allOf: [ref('Base'), { patternProperties: { '^x-': {} } }] },
    { id: 1, 'x-a': 1, y: 1 },
    [`${UNKNOWN} /y`],
  ],
  [
    'does not close under not',
    { type: 'object', properties: { a: {} }, not: { required: ['b'] } },
    { a: 1 },
    [],
  ],
  ['escapes the pointer', BASE, { id: 1, 'a/b~c': 1 }, [`${UNKNOWN} /a~1b~0c`]],
  [
    'refuses names of the prototype as unknown',
    BASE,
    JSON.parse('{"id":1,"__proto__":{"x":1},"constructor":1,"toString":2}'),
    [`${UNKNOWN} /__proto__`, `${UNKNOWN} /constructor`, `${UNKNOWN} /toString`],
  ],
  [
    'does not take inherited names for present ones',
    { type: 'object', required: ['constructor'] },
    {},
    ['required /constructor'],
  ],
  [
    'validates a property called __proto__',
    JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
    JSON.parse('{"__proto__":1}'),
    ['type /__proto__'],
  ],
]

describe('strictness', () => {
  for (const [name, schema, value, refused] of cases) {
    test(name, () => assert.deepEqual(refusals(schema, value), refused))
  }

  test('reports at most 32 violations', () => {
    const value = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, i]))
    assert.equal(refusals({ properties: { id: {} } }, value).length, 32)
  })

  test('explains the one branch that is meant for the kind of value', () => {
    const schema = { anyOf: [ref('Base'), { type: 'null' }] }
    assert.deepEqual(refusals(schema, { id: 'x' }), ['type /id'])
  })
})
