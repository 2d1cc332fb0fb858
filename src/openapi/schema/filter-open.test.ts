import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { makeFixture } from './fixture.ts'

const OPTIONS = { direction: 'response', unknownFields: 'allow', formats: false } as const

function openPlaces(schema: unknown, value: unknown): string[] {
  const fixture = makeFixture({ schema }, '2020-12', OPTIONS)
  const open: string[] = []
  fixture.compiler.filter(fixture.ref('/schema'))(value, open)
  return open
}

suite('places about whose fields nothing is said', () => {
  const object = { type: 'object', properties: { a: { type: 'object' }, b: true, c: {} } }
  const rows: [name: string, schema: unknown, value: unknown, open: string[]][] = [
    ['the whole, where the schema is empty', {}, { x: 1 }, ['']],
    ['the whole, where everything is allowed', true, { x: 1 }, ['']],
    ['each object of a list', {}, [[{ x: 1 }], { y: 1 }], ['/0/0', '/1']],
    [
      'fields that are named only',
      object,
      { a: { x: 1 }, b: { x: 1 }, c: { x: 1 } },
      ['/a', '/b', '/c'],
    ],
    ['fields that are required only', { required: ['a'] }, { a: { x: 1 } }, ['/a']],
    ['items that are not described', { type: 'array' }, [{ x: 1 }], ['/0']],
    ['no field that is said to be anything', { additionalProperties: true }, { a: { x: 1 } }, []],
    ['nothing where fields are listed', { properties: { a: { type: 'string' } } }, { b: {} }, []],
    ['nothing where there is no object', {}, 'text', []],
  ]
  for (const [name, schema, value, open] of rows)
    test(name, () => assert.deepEqual(openPlaces(schema, value), open))

  test('with them, every dropped place is told', () => {
    const fixture = makeFixture(
      { schema: { items: { properties: { a: { type: 'string' } } } } },
      '2020-12',
      OPTIONS,
    )
    const filter = fixture.compiler.filter(fixture.ref('/schema'))
    const value = Array.from({ length: 300 }, () => ({ x: 1 }))
    assert.equal(filter(value).dropped.length, 100)
    assert.equal(filter(value, []).dropped.length, 300)
  })
})
