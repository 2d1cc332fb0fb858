import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Caps } from './contract.ts'
import { makeFixture } from './fixture.ts'

const CAPS: Caps = { maxLength: 4, maxItems: 2 }
const text = { type: 'string' }
const object = (properties: object): object => ({ type: 'object', properties })
const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` })

function refusals(schema: unknown, value: unknown, caps = CAPS): readonly string[] {
  const Long = { type: 'string', maxLength: 6 }
  const Tree = object({ name: text, kids: { type: 'array', items: ref('Tree') } })
  const root = { components: { schemas: { Text: text, Long, Tree, It: schema } } }
  const { compiler, ref: at } = makeFixture(root, '2020-12')
  const violations = compiler.withCaps(caps).validator(at('/components/schemas/It'))(value) ?? []
  return violations.map((one) => `${one.keyword} ${one.pointer}`)
}

const rows: [name: string, schema: unknown, value: unknown, refused: readonly string[]][] = [
  ['a text without maxLength is bounded', text, '12345', ['cap ']],
  ['a text at the cap passes', text, '1234', []],
  ['characters count, not UTF-16 units', text, '😀😀😀😀', []],
  ['the own bound of a text counts, above the cap', { ...text, maxLength: 6 }, '123456', []],
  ['and below it', { ...text, maxLength: 2 }, '123', ['maxLength ']],
  ['a list without maxItems is bounded', { type: 'array', items: text }, ['a', 'b', 'c'], ['cap ']],
  [
    'a bounded list is as long as it says',
    { type: 'array', items: text, maxItems: 3 },
    ['a', 'b', 'c'],
    [],
  ],
  ['a member of an object', object({ a: text }), { a: '12345' }, ['cap /a']],
  ['an item of a list', { type: 'array', items: text }, ['a', '12345'], ['cap /1']],
  ['a value of a map', { type: 'object', additionalProperties: text }, { a: '12345' }, ['cap /a']],
  ['behind a reference', object({ a: ref('Text') }), { a: '12345' }, ['cap /a']],
  ['a bound behind a reference counts', object({ a: ref('Long') }), { a: '12345' }, []],
  ['a bound in another part of allOf counts', { allOf: [ref('Long'), text] }, '12345', []],
  [
    'a bound beside a reference counts',
    { $ref: '#/components/schemas/Text', maxLength: 6 },
    '12345',
    [],
  ],
  [
    'a branch that lets more stand counts',
    { oneOf: [ref('Long'), { type: 'null' }] },
    '123456',
    [],
  ],
  ['branches of which none has a bound', { anyOf: [text, { type: 'null' }] }, '12345', ['cap ']],
  [
    'members in a branch',
    { oneOf: [object({ a: text }), { type: 'null' }] },
    { a: '12345' },
    ['cap /a'],
  ],
  ['in a recursive schema', ref('Tree'), { kids: [{ name: '12345' }] }, ['cap /kids/0/name']],
  ['listed values are their own bound', { enum: ['12345'] }, '12345', []],
  ['a constant is its own bound', { const: '12345' }, '12345', []],
  ['a file in a field is not meant', { type: 'string', format: 'byte' }, 'YWJjZGVm', []],
  ['nor an encoded one', { type: 'string', contentEncoding: 'base64' }, 'YWJjZGVm', []],
  ['one of several types', { type: ['string', 'null'] }, '12345', ['cap ']],
  ['numbers are not meant', { type: 'integer' }, 1234567, []],
  ['a free place is bounded', {}, '12345', ['cap ']],
  ['however deep', true, { a: [{ b: '12345' }] }, ['cap /a/0/b']],
  ['lists in a free place', object({ a: true }), { a: [1, 2, 3] }, ['cap /a']],
  [
    'members of an object without any declared',
    { type: 'object' },
    { a: { b: '12345' } },
    ['cap /a/b'],
  ],
  [
    'values of an open map',
    { type: 'object', additionalProperties: true },
    { a: '12345' },
    ['cap /a'],
  ],
  ['items of a list that does not describe them', { type: 'array' }, ['12345'], ['cap /0']],
  ['a free place lets pass what is short', true, { a: ['1234', 5], b: null }, []],
]

suite('bounds where the document has none', () => {
  for (const [name, schema, value, refused] of rows)
    test(name, () => {
      const found = refusals(schema, value)
      // A union says which branch failed, and at times only that none fits.
      if (refused.length > 0) assert.deepEqual(found.slice(0, 1), refused)
      else assert.deepEqual(found, [])
    })

  test('a question of the document is no place for a cap', () => {
    const not = { not: object({ a: text }), type: 'object' }
    assert.deepEqual(
      refusals({ ...object({ a: { maxLength: 9 } }), ...not }, { a: '12345' })[0],
      'not ',
    )
    const contains = { type: 'array', contains: text, maxContains: 0, minContains: 0, items: {} }
    assert.ok(refusals(contains, ['12345']).includes('maxContains '))
  })

  test('only the kind that has a cap is bounded', () => {
    const caps = { maxLength: Infinity, maxItems: 1 }
    assert.deepEqual(refusals(object({ a: text, b: {} }), { a: '12345', b: '12345' }, caps), [])
    assert.deepEqual(refusals({ type: 'array' }, [1, 2], caps), ['cap '])
  })

  test('without any cap the compiler is the same', () => {
    const { compiler } = makeFixture({}, '2020-12')
    assert.equal(compiler.withCaps({ maxLength: Infinity, maxItems: Infinity }), compiler)
    assert.equal(compiler.withCaps(CAPS), compiler.withCaps({ ...CAPS }))
  })

  test('in a free place nothing is longer than the cap, for any value', () => {
    const root = { It: {} }
    const { compiler, ref: at } = makeFixture(root, '2020-12')
    const validate = compiler.withCaps(CAPS).validator(at('/It'))
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        assert.equal(validate(value) === undefined, isWithin(value))
      }),
    )
  })
})

function isWithin(value: unknown): boolean {
  if (typeof value === 'string') return Array.from(value).length <= CAPS.maxLength
  if (Array.isArray(value)) return value.length <= CAPS.maxItems && value.every(isWithin)
  return typeof value !== 'object' || value === null || Object.values(value).every(isWithin)
}
