import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Dialect } from '../model.ts'
import type { CompileOptions } from './contract.ts'
import { makeFixture } from './fixture.ts'

// Spelled out, the name would make the schemas look like promises.
const THEN = 'THEN'.toLowerCase()

interface Case {
  readonly schemas: Readonly<Record<string, unknown>>
  readonly dialect?: Dialect
  readonly options?: Partial<CompileOptions>
}

const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

function check(of: Case, name: string, value: unknown): readonly string[] {
  const root = { components: { schemas: of.schemas } }
  const { compiler, ref: at, findings } = makeFixture(root, of.dialect ?? '2020-12', of.options)
  const violations = compiler.validator(at(`/components/schemas/${name}`))(value) ?? []
  assert.deepEqual(
    findings.filter((one) => one.severity === 'error'),
    [],
  )
  return violations.map((one) => `${one.keyword} ${one.pointer}`)
}

const UNION: Case = {
  schemas: {
    Pet: {
      oneOf: [ref('Cat'), ref('Dog')],
      discriminator: {
        propertyName: 'kind',
        mapping: { hound: 'Dog', feline: '#/components/schemas/Cat' },
      },
    },
    Maybe: {
      oneOf: [ref('Cat'), ref('Dog'), { type: 'null' }],
      discriminator: { propertyName: 'kind' },
    },
    Cat: { type: 'object', properties: { kind: { type: 'string' }, lives: { type: 'integer' } } },
    Dog: { type: 'object', properties: { kind: { type: 'string' }, bark: { type: 'boolean' } } },
    Owner: { type: 'object', properties: { pet: ref('Pet'), since: { type: 'integer' } } },
    Tagged: { allOf: [ref('Pet'), { properties: { tag: { type: 'string' } } }] },
  },
}

const FAMILY: Case = {
  schemas: {
    Animal: {
      type: 'object',
      required: ['kind'],
      properties: { kind: { type: 'string' }, name: { type: 'string' } },
      discriminator: {
        propertyName: 'kind',
        mapping: { c: '#/components/schemas/Cat' },
      },
    },
    Cat: {
      allOf: [
        ref('Animal'),
        {
          properties: {
            lives: { type: 'integer' },
            friends: { type: 'array', items: ref('Animal') },
          },
        },
      ],
    },
    Dog: { allOf: [ref('Animal'), { properties: { bark: { type: 'boolean' } } }] },
    Puppy: { allOf: [ref('Dog'), { properties: { age: { type: 'integer' } } }] },
  },
}

/** What many generators write: the base lists its children, and the children include the base. */
const CIRCLE: Case = {
  schemas: {
    Base: {
      type: 'object',
      properties: { kind: { type: 'string' } },
      oneOf: [ref('One'), ref('Two')],
      discriminator: { propertyName: 'kind' },
    },
    One: { allOf: [ref('Base'), { properties: { one: { type: 'integer' } } }] },
    Two: { allOf: [ref('Base'), { properties: { two: { type: 'integer' } } }] },
  },
}

const switches: [name: string, of: Case, schema: string, value: unknown, refused: string[]][] = [
  ['chooses by the name of the schema', UNION, 'Pet', { kind: 'Cat', lives: 9 }, []],
  ['chooses by a mapping to a name', UNION, 'Pet', { kind: 'hound', bark: true }, []],
  ['chooses by a mapping to a reference', UNION, 'Pet', { kind: 'feline', lives: 9 }, []],
  ['checks only the branch that was named', UNION, 'Pet', { kind: 'Dog', bark: 1 }, ['type /bark']],
  [
    'closes the branch that was named',
    UNION,
    'Pet',
    { kind: 'Dog', lives: 9 },
    ['unevaluatedProperties /lives'],
  ],
  ['refuses a missing tag', UNION, 'Pet', { lives: 9 }, ['discriminator /kind']],
  ['refuses an unknown tag', UNION, 'Pet', { kind: 'Fish' }, ['discriminator /kind']],
  [
    'does not take an inherited name for a tag',
    UNION,
    'Pet',
    { kind: 'constructor' },
    ['discriminator /kind'],
  ],
  ['refuses what is no object', UNION, 'Pet', 'Cat', ['type ']],
  ['lets null through where a branch says so', UNION, 'Maybe', null, []],
  [
    'works inside another object',
    UNION,
    'Owner',
    { pet: { kind: 'Cat', x: 1 } },
    ['unevaluatedProperties /pet/x'],
  ],
  ['works beside other schemas', UNION, 'Tagged', { kind: 'Cat', lives: 1, tag: 't' }, []],
  [
    'closes beside other schemas',
    UNION,
    'Tagged',
    { kind: 'Cat', bark: true },
    ['unevaluatedProperties /bark'],
  ],
  ['finds the children of a base', FAMILY, 'Animal', { kind: 'Dog', name: 'x', bark: true }, []],
  ['finds mapped children of a base', FAMILY, 'Animal', { kind: 'c', lives: 9 }, []],
  ['finds grandchildren', FAMILY, 'Animal', { kind: 'Puppy', bark: true, age: 1 }, []],
  [
    'closes a child over its base',
    FAMILY,
    'Animal',
    { kind: 'Dog', lives: 9 },
    ['unevaluatedProperties /lives'],
  ],
  [
    'checks the base where the tag names it',
    FAMILY,
    'Animal',
    { kind: 'Animal', name: 1 },
    ['type /name'],
  ],
  [
    'refuses a tag that names no child',
    FAMILY,
    'Animal',
    { kind: 'Fish' },
    ['discriminator /kind'],
  ],
  ['does not choose again in a child', FAMILY, 'Cat', { kind: 'c', lives: 9 }, []],
  [
    'ends in nested children',
    FAMILY,
    'Cat',
    { kind: 'c', friends: [{ kind: 'c', friends: [{ kind: 'Dog', lives: 1 }] }] },
    ['unevaluatedProperties /friends/0/friends/0/lives'],
  ],
  [
    'ends where children include a base that lists them',
    CIRCLE,
    'Base',
    { kind: 'One', one: 1 },
    [],
  ],
  ['checks such a child', CIRCLE, 'Base', { kind: 'Two', two: 'x' }, ['type /two']],
  ['closes such a child', CIRCLE, 'Base', { kind: 'Two', one: 1 }, ['unevaluatedProperties /one']],
  ['accepts such a child at its own place', CIRCLE, 'One', { kind: 'One', one: 1 }, []],
]

describe('discriminator', () => {
  for (const [name, of, schema, value, refused] of switches) {
    test(name, () => assert.deepEqual(check(of, schema, value), refused))
  }
})

const ACCOUNT: Case = {
  schemas: {
    Account: {
      type: 'object',
      required: ['id', 'password', 'name'],
      properties: {
        id: { type: 'integer', readOnly: true },
        password: { type: 'string', writeOnly: true },
        name: { type: 'string' },
      },
    },
    Extended: { allOf: [ref('Account'), { properties: { more: {} }, required: ['id', 'more'] }] },
    Wrapped: { properties: { key: { $ref: '#/components/schemas/Key' } }, required: ['key'] },
    Key: { type: 'string', readOnly: true },
  },
}
const RESPONSE: Case = { ...ACCOUNT, options: { direction: 'response' } }

const access: [name: string, of: Case, schema: string, value: unknown, refused: string[]][] = [
  ['does not require readOnly in requests', ACCOUNT, 'Account', { password: 'p', name: 'n' }, []],
  [
    'refuses readOnly in requests',
    ACCOUNT,
    'Account',
    { id: 1, password: 'p', name: 'n' },
    ['readOnly /id'],
  ],
  ['does not require writeOnly in responses', RESPONSE, 'Account', { id: 1, name: 'n' }, []],
  [
    'refuses writeOnly in responses',
    RESPONSE,
    'Account',
    { id: 1, name: 'n', password: 'p' },
    ['writeOnly /password'],
  ],
  ['requires writeOnly in requests', ACCOUNT, 'Account', { name: 'n' }, ['required /password']],
  [
    'frees what another schema requires',
    ACCOUNT,
    'Extended',
    { password: 'p', name: 'n', more: 1 },
    [],
  ],
  ['sees readOnly behind a reference', ACCOUNT, 'Wrapped', { key: 'x' }, ['readOnly /key']],
  ['does not require readOnly behind a reference', ACCOUNT, 'Wrapped', {}, []],
]

describe('readOnly and writeOnly', () => {
  for (const [name, of, schema, value, refused] of access) {
    test(name, () => assert.deepEqual(check(of, schema, value), refused))
  }
})

const old = (schema: unknown): Case => ({
  schemas: { It: schema, Text: { type: 'string' } },
  dialect: 'openapi-3.0',
})

const dialect: [name: string, schema: unknown, value: unknown, refused: string[]][] = [
  ['lets null through where nullable', { type: 'string', nullable: true }, null, []],
  ['refuses null elsewhere', { type: 'string' }, null, ['type ']],
  [
    'asks an enum for null although nullable',
    { type: 'string', nullable: true, enum: ['a'] },
    null,
    ['enum '],
  ],
  [
    'gives nullable no effect without type',
    { nullable: true, allOf: [{ $ref: '#/components/schemas/Text' }] },
    null,
    ['type '],
  ],
  [
    'reads a boolean exclusiveMinimum',
    { type: 'number', minimum: 1, exclusiveMinimum: true },
    1,
    ['exclusiveMinimum '],
  ],
  [
    'reads a false exclusiveMaximum',
    { type: 'number', maximum: 1, exclusiveMaximum: false },
    1,
    [],
  ],
  [
    'reads a boolean exclusiveMaximum',
    { type: 'number', maximum: 1, exclusiveMaximum: true },
    1,
    ['exclusiveMaximum '],
  ],
  ['gives exclusiveMinimum alone no effect', { type: 'number', exclusiveMinimum: true }, -1, []],
  [
    'ignores what stands beside a reference',
    { $ref: '#/components/schemas/Text', maxLength: 1 },
    'long',
    [],
  ],
  ['does not know const', { const: 1 }, 2, []],
  ['does not know if', { if: true, [THEN]: false }, 2, []],
  ['ignores example', { type: 'string', example: 1 }, 'x', []],
]

describe('the dialect of OpenAPI 3.0', () => {
  for (const [name, schema, value, refused] of dialect) {
    test(name, () => assert.deepEqual(check(old(schema), 'It', value), refused))
  }
})
