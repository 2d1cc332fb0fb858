import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { compileFormBody } from './form.ts'
import type { FormDecoder } from './form.ts'
import { testOperation } from './test-operation.ts'

const FORM = 'application/x-www-form-urlencoded'
const PROPERTIES = {
  name: { type: 'string' },
  age: { type: 'integer' },
  tags: { type: 'array', items: { type: 'integer' } },
  address: { type: 'object', properties: { zip: { type: 'integer' } } },
}

function decoder(
  schema: object = { type: 'object', properties: PROPERTIES },
  encoding: object = {},
): FormDecoder {
  const { operation, deps } = testOperation({
    requestBody: { content: { [FORM]: { schema, encoding } } },
  })
  const [mediaType] = operation.requestBody?.content ?? []
  assert.ok(mediaType !== undefined)
  return compileFormBody(mediaType, deps)
}

function outcome(decode: FormDecoder, text: string): unknown {
  const result = decode(Buffer.from(text))
  assert.ok(!(result instanceof Promise))
  return 'fault' in result
    ? `${result.fault.keyword} ${result.fault.pointer}`
    : JSON.parse(JSON.stringify(result.value))
}

suite('form bodies', () => {
  const deep = { address: { style: 'deepObject', explode: true } }
  const cases: [name: string, text: string, expected: unknown, encoding?: object][] = [
    ['reads fields by their types', 'name=A+B%26&age=5', { name: 'A B&', age: 5 }],
    ['reads an empty form', '', {}],
    ['reads a repeated field as a list', 'tags=1&tags=2', { tags: [1, 2] }],
    [
      'reads a list with commas where encoding says so',
      'tags=1,2',
      { tags: [1, 2] },
      { tags: { style: 'form', explode: false } },
    ],
    ['reads an object as JSON', 'address=%7B%22zip%22:1%7D', { address: { zip: 1 } }],
    ['reads a deep object where encoding says so', 'address[zip]=1', { address: { zip: 1 } }, deep],
    [
      'keeps an unknown field for the validator to refuse',
      'name=a&isAdmin=true',
      { name: 'a', isAdmin: 'true' },
    ],
    [
      'keeps undeclared brackets for the validator to refuse',
      'address[zip]=1',
      { 'address[zip]': '1' },
    ],
    ['refuses a semicolon, where old parsers begin a field', 'name=a;isAdmin=1', 'encoding '],
    ['takes an encoded semicolon', 'name=a%3Bb', { name: 'a;b' }],
    ['refuses a single field that comes twice', 'age=1&age=2', 'duplicate /age'],
    ['refuses a number of another spelling', 'age=0x1', 'type /age'],
    ['refuses broken JSON', 'address=%7B', 'json /address'],
    [
      'refuses an integer in JSON that would change',
      'address=%7B%22zip%22:9007199254740993%7D',
      'json /address',
    ],
    [
      'reads the largest integer in JSON that would not',
      'address=%7B%22zip%22:9007199254740991%7D',
      { address: { zip: 9007199254740991 } },
    ],
    ['refuses a name that reaches into prototypes', '__proto__=1', 'encoding '],
    [
      'refuses a nested name that reaches into prototypes',
      'address[constructor]=1',
      'encoding ',
      deep,
    ],
    ['refuses broken encoding', 'name=%zz', 'encoding '],
    ['refuses bytes that are no UTF-8', 'name=%ff', 'encoding '],
    ['refuses too many fields', Array(200).fill('x=1').join('&'), 'encoding '],
  ]
  for (const [name, text, expected, encoding] of cases) {
    test(name, () => assert.deepEqual(outcome(decoder(undefined, encoding), text), expected))
  }

  test('reads open forms by the type of their other fields', () => {
    const decode = decoder({ type: 'object', additionalProperties: { type: 'integer' } })
    assert.deepEqual(outcome(decode, 'a=1&b=x'), { a: 1, b: 'x' })
  })

  test('reads back every form of strings', () => {
    const decode = decoder({ type: 'object', additionalProperties: { type: 'string' } })
    const key = fc.string({ minLength: 1, unit: 'grapheme' }).map((text) => `k${text}`)
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ unit: 'grapheme' }), { maxKeys: 20 }), (form) => {
        assert.deepEqual(outcome(decode, new URLSearchParams(form).toString()), { ...form })
      }),
    )
  })
})
