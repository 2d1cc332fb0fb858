import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { makeFixture } from './fixture.ts'

const tagged = (kind: unknown, more: object = {}): object => ({
  type: 'object',
  required: ['kind'],
  properties: { kind, ...more },
})

const cases: [name: string, branches: object[], value: unknown, isValid: boolean][] = [
  [
    'takes the branch of its tag',
    [tagged({ const: 'a' }), tagged({ const: 'b' })],
    { kind: 'b' },
    true,
  ],
  [
    'refuses a tag of no branch',
    [tagged({ const: 'a' }), tagged({ const: 'b' })],
    { kind: 'c' },
    false,
  ],
  ['refuses no tag where all need one', [tagged({ const: 1 }), tagged({ const: 2 })], {}, false],
  [
    'takes no tag where a branch needs none',
    [tagged({ const: 1 }), { type: 'object', properties: { kind: { const: 2 } } }],
    {},
    true,
  ],
  [
    'asks branches without a tag too',
    [tagged({ const: 1 }), tagged({ const: 2 }), tagged({})],
    { kind: 3 },
    true,
  ],
  [
    'finds two branches of one tag',
    [tagged({ enum: [1, 2] }), tagged({ enum: [2, 3] })],
    { kind: 2 },
    false,
  ],
  [
    'tells a number from its text',
    [tagged({ const: 1 }), tagged({ const: 2 })],
    { kind: '1' },
    false,
  ],
  [
    'asks no branch of a tag for a structure',
    [tagged({ const: 1 }), tagged({ const: 2 })],
    { kind: [1] },
    false,
  ],
  ['takes null as a tag', [tagged({ const: null }), tagged({ const: 2 })], { kind: null }, true],
  [
    'finds branches by kind',
    [tagged({ const: 1 }), tagged({ const: 2 }), { type: 'string' }],
    'x',
    true,
  ],
  [
    'looks through allOf',
    [{ allOf: [tagged({ const: 1 })] }, { allOf: [tagged({ const: 2 })] }],
    { kind: 2 },
    true,
  ],
  [
    'does not count tags in branches of branches',
    [
      { anyOf: [tagged({ const: 1 }), tagged({ const: 3 })] },
      tagged({ const: 2 }),
      tagged({ const: 4 }),
    ],
    { kind: 3 },
    true,
  ],
]
describe('branches that a property tells apart', () => {
  for (const [name, oneOf, value, isValid] of cases) {
    test(name, () => {
      const { compiler, ref } = makeFixture({ one: { oneOf } }, '2020-12')
      assert.equal(compiler.validator(ref('/one'))(value) === undefined, isValid)
    })
  }

  test('may lack a tag that is only read', () => {
    const branch = (kind: string): object => tagged({ const: kind, readOnly: true })
    const { compiler, ref } = makeFixture({ any: { anyOf: [branch('a'), branch('b')] } }, '2020-12')
    assert.equal(compiler.validator(ref('/any'))({}), undefined)
  })

  test('are found as by trying them all', () => {
    const value = fc.constantFrom<unknown>(1, 2, 'a', null, [1])
    const kind = fc.oneof(
      value.map((one) => ({ const: one })),
      fc.array(value, { minLength: 1, maxLength: 3 }).map((list) => ({ enum: list })),
      fc.constant({}),
    )
    const branch = fc.oneof(
      fc.record(
        {
          properties: fc.record({ kind }),
          required: fc.constant(['kind']),
          type: fc.constant('object'),
        },
        { requiredKeys: ['properties'] },
      ),
      fc.constantFrom({ type: 'string' }, { type: ['array', 'null'] }, true),
    )
    const subject = fc.oneof(
      value,
      fc.constant({}),
      value.map((one) => ({ kind: one })),
    )
    fc.assert(
      fc.property(fc.array(branch, { minLength: 1, maxLength: 5 }), subject, (oneOf, one) => {
        const options = { unknownFields: 'allow' } as const
        const { compiler, ref } = makeFixture({ one: { oneOf }, all: oneOf }, '2020-12', options)
        const holding = oneOf.filter(
          (_, index) => compiler.validator(ref(`/all/${index}`))(one) === undefined,
        )
        const found = compiler.validator(ref('/one'))(one)
        assert.equal(found === undefined, holding.length === 1)
      }),
      { numRuns: 1000 },
    )
  })
})
