import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { HeaderTable } from '../../http/header-table.ts'
import { canonicalQuery } from '../../http/query.ts'
import type { DecodedParameters, ParameterFault } from './contract.ts'
import { compileParameters } from './parameters.ts'
import { testOperation } from './test-operation.ts'

interface Sent {
  readonly path?: readonly string[]
  readonly query?: string
  readonly headers?: readonly string[]
}

function decoder(
  parameters: readonly object[],
  options: Parameters<typeof testOperation>[1] = {},
  more: object = {},
) {
  const { operation, deps } = testOperation({ parameters, ...more }, options)
  const decode = compileParameters(operation, deps)
  return (sent: Sent) => {
    const query = canonicalQuery(sent.query)
    assert.ok(!('fault' in query), 'the query is canonical')
    const table = new HeaderTable(sent.headers ?? [])
    return decode({ path: sent.path ?? [], query: query.pairs, header: (name) => table.all(name) })
  }
}

/** What came out: the values of one place as plain JSON, or the keywords of the faults. */
function outcome(
  result: { values: DecodedParameters } | { faults: readonly ParameterFault[] },
  place: keyof DecodedParameters,
): unknown {
  if ('faults' in result) return result.faults.map((fault) => `${fault.name} ${fault.keyword}`)
  return JSON.parse(JSON.stringify(result.values[place]))
}

const ARRAY = { type: 'array', items: { type: 'integer' } }
const OBJECT = { type: 'object', properties: { R: { type: 'integer' }, G: { type: 'string' } } }

suite('query parameters', () => {
  const cases: [name: string, parameter: object, query: string | undefined, expected: unknown][] = [
    ['reads an integer', { schema: { type: 'integer' } }, 'q=5', { q: 5 }],
    ['reads a negative integer', { schema: { type: 'integer' } }, 'q=-5', { q: -5 }],
    ['refuses a space before a number', { schema: { type: 'integer' } }, 'q=%205', ['q type']],
    ['refuses a plus before a number', { schema: { type: 'integer' } }, 'q=%2B5', ['q type']],
    ['refuses hexadecimal', { schema: { type: 'integer' } }, 'q=0x1', ['q type']],
    ['refuses leading zeros', { schema: { type: 'integer' } }, 'q=01', ['q type']],
    ['refuses an empty number', { schema: { type: 'integer' } }, 'q=', ['q type']],
    [
      'refuses an integer that is not exact',
      { schema: { type: 'integer' } },
      'q=9007199254740993',
      ['q type'],
    ],
    ['refuses a fraction as integer', { schema: { type: 'integer' } }, 'q=1.0', ['q type']],
    ['reads a number with exponent', { schema: { type: 'number' } }, 'q=1.5e2', { q: 150 }],
    ['refuses a number beyond every range', { schema: { type: 'number' } }, 'q=1e400', ['q type']],
    ['refuses NaN', { schema: { type: 'number' } }, 'q=NaN', ['q type']],
    ['reads booleans', { schema: { type: 'boolean' } }, 'q=true', { q: true }],
    [
      'refuses a boolean of another spelling',
      { schema: { type: 'boolean' } },
      'q=TRUE',
      ['q type'],
    ],
    ['keeps digits of a string', { schema: { type: 'string' } }, 'q=007', { q: '007' }],
    ['reads plus as space', { schema: { type: 'string' } }, 'q=a+b%2B', { q: 'a b+' }],
    [
      'takes the first type that fits',
      { schema: { type: ['integer', 'string'] } },
      'q=5',
      { q: 5 },
    ],
    [
      'falls back to the next type',
      { schema: { type: ['integer', 'string'] } },
      'q=5x',
      { q: '5x' },
    ],
    [
      'chooses the branch that validates',
      {
        schema: {
          oneOf: [
            { type: 'integer', maximum: 3 },
            { type: 'string', maxLength: 9 },
          ],
        },
      },
      'q=50',
      { q: '50' },
    ],
    [
      'reads null where null is a type',
      { schema: { type: ['integer', 'null'] } },
      'q=null',
      { q: null },
    ],
    ['reads an enumeration without a type', { schema: { enum: [1, 2] } }, 'q=2', { q: 2 }],
    [
      'refuses what the schema refuses',
      { schema: { type: 'integer', maximum: 4 } },
      'q=5',
      ['q maximum'],
    ],
    [
      'refuses a scalar that comes twice',
      { schema: { type: 'string' } },
      'q=1&q=2',
      ['q duplicate'],
    ],
    [
      'refuses a missing required parameter',
      { required: true, schema: {} },
      undefined,
      ['q required'],
    ],
    ['passes a missing optional one', { schema: { type: 'integer' } }, undefined, {}],
    [
      'refuses a parameter that nobody declared',
      { schema: {} },
      'q=1&admin=true',
      ['admin unknown'],
    ],
    ['refuses brackets behind another style', { schema: ARRAY }, 'q[]=1', ['q[] unknown']],
    ['reads an exploded array', { schema: ARRAY }, 'q=1&q=2', { q: [1, 2] }],
    ['reads one item as an array', { schema: ARRAY }, 'q=1', { q: [1] }],
    ['refuses commas in an exploded array of numbers', { schema: ARRAY }, 'q=1,2', ['q type']],
    ['reads an array with commas', { explode: false, schema: ARRAY }, 'q=1,2', { q: [1, 2] }],
    [
      'reads an array whose commas are encoded',
      { explode: false, schema: ARRAY },
      'q=1%2C2',
      { q: [1, 2] },
    ],
    [
      'keeps an encoded comma beside a bare one',
      { explode: false, schema: { type: 'array', items: { type: 'string' } } },
      'q=a,b%2Cc',
      { q: ['a', 'b,c'] },
    ],
    [
      'refuses an unexploded array that comes twice',
      { explode: false, schema: ARRAY },
      'q=1&q=2',
      ['q duplicate'],
    ],
    [
      'reads an array with spaces',
      { style: 'spaceDelimited', explode: false, schema: ARRAY },
      'q=1%202+3',
      { q: [1, 2, 3] },
    ],
    [
      'reads an array with pipes',
      { style: 'pipeDelimited', explode: false, schema: ARRAY },
      'q=1|2%7C3',
      { q: [1, 2, 3] },
    ],
    ['reads an exploded object', { schema: OBJECT }, 'R=1&G=x', { q: { R: 1, G: 'x' } }],
    [
      'refuses an exploded property that comes twice',
      { schema: OBJECT },
      'R=1&R=2',
      ['q duplicate'],
    ],
    [
      'gives unknown names to an open object',
      { schema: { type: 'object', additionalProperties: { type: 'integer' } } },
      'x=1',
      { q: { x: 1 } },
    ],
    [
      'reads an object with commas',
      { explode: false, schema: OBJECT },
      'q=R,1,G,x',
      { q: { R: 1, G: 'x' } },
    ],
    ['refuses an object of odd length', { explode: false, schema: OBJECT }, 'q=R,1,G', ['q style']],
    [
      'reads a deep object',
      { style: 'deepObject', schema: OBJECT },
      'q[R]=1&q%5BG%5D=x',
      { q: { R: 1, G: 'x' } },
    ],
    [
      'refuses an undeclared member of a deep object',
      { style: 'deepObject', schema: OBJECT },
      'q[R]=1&q[X]=1',
      ['q unevaluatedProperties'],
    ],
    [
      'refuses a deep member that comes twice',
      { style: 'deepObject', schema: OBJECT },
      'q[R]=1&q[R]=2',
      ['q duplicate'],
    ],
    [
      'reads a list in a deep object',
      { style: 'deepObject', schema: { type: 'object', properties: { l: ARRAY } } },
      'q[l][]=1&q[l][]=2',
      { q: { l: [1, 2] } },
    ],
    [
      'reads indexes without gaps',
      { style: 'deepObject', schema: ARRAY },
      'q[0]=1&q[1]=2',
      { q: [1, 2] },
    ],
    [
      'refuses a sparse list',
      { style: 'deepObject', schema: ARRAY },
      'q[999999999]=1',
      ['q style'],
    ],
    [
      'takes an empty value where it is allowed',
      { allowEmptyValue: true, schema: { type: 'integer' } },
      'q',
      { q: '' },
    ],
    [
      'reads JSON in a parameter',
      { content: { 'application/json': { schema: OBJECT } } },
      'q=%7B%22R%22:1%7D',
      { q: { R: 1 } },
    ],
    [
      'refuses broken JSON',
      { content: { 'application/json': { schema: OBJECT } } },
      'q=%7B',
      ['q json'],
    ],
    [
      'refuses a key twice in JSON',
      { content: { 'application/json': { schema: OBJECT } } },
      'q=%7B%22R%22:1,%22R%22:2%7D',
      ['q json'],
    ],
    [
      'refuses an integer in JSON that would change',
      { content: { 'application/json': { schema: OBJECT } } },
      'q=%7B%22R%22:9007199254740993%7D',
      ['q json'],
    ],
  ]
  for (const [name, parameter, query, expected] of cases) {
    test(name, () => {
      const decode = decoder([{ name: 'q', in: 'query', ...parameter }])
      assert.deepEqual(outcome(decode(query === undefined ? {} : { query }), 'query'), expected)
    })
  }

  test('reads types through references and allOf, also of OpenAPI 3.0', () => {
    const components = {
      schemas: {
        A: { allOf: [{ $ref: '#/components/schemas/B' }, { minimum: 2 }] },
        B: { type: 'integer', nullable: true },
      },
    }
    const decode = decoder(
      [{ name: 'q', in: 'query', schema: { $ref: '#/components/schemas/A' } }],
      { openapi: '3.0.3', components },
    )
    assert.deepEqual(outcome(decode({ query: 'q=2' }), 'query'), { q: 2 })
    assert.deepEqual(outcome(decode({ query: 'q=1' }), 'query'), ['q minimum'])
  })

  test('passes the credential that the operation asks for in the query', () => {
    const components = {
      securitySchemes: { Key: { type: 'apiKey', in: 'query', name: 'api_key' } },
    }
    assert.deepEqual(
      outcome(
        decoder([], { components }, { security: [{ Key: [] }] })({ query: 'api_key=x' }),
        'query',
      ),
      {},
    )
    assert.deepEqual(
      outcome(decoder([], { components }, { security: [] })({ query: 'api_key=x' }), 'query'),
      ['api_key unknown'],
    )
  })

  test('never puts values where a prototype could be reached', () => {
    const schema = { type: 'object', additionalProperties: true }
    const decode = decoder([{ name: 'q', in: 'query', explode: false, schema }])
    assert.deepEqual(outcome(decode({ query: 'q=__proto__,1' }), 'query'), ['q name'])
    const result = decode({ query: 'q=a,1' })
    assert.ok('values' in result && Object.getPrototypeOf(result.values.query['q']) === null)
  })

  test('reads the whole query as a form', () => {
    const schema = { type: 'object', properties: { n: { type: 'integer' }, l: ARRAY } }
    const parameter = {
      name: 'f',
      in: 'querystring',
      content: { 'application/x-www-form-urlencoded': { schema } },
    }
    const decode = decoder([parameter], { openapi: '3.2.0' })
    assert.deepEqual(outcome(decode({ query: 'n=1&l=1&l=2' }), 'query'), { f: { n: 1, l: [1, 2] } })
    assert.deepEqual(outcome(decode({ query: 'x=1' }), 'query'), ['f unevaluatedProperties'])
  })
})

suite('path parameters', () => {
  const cases: [name: string, parameter: object, text: string, expected: unknown][] = [
    ['decodes the segment', { schema: { type: 'string' } }, 'a%2Fb%20c', { p: 'a/b c' }],
    ['refuses an empty segment', { schema: { type: 'string' } }, '', ['p required']],
    ['reads a simple array', { schema: ARRAY }, '1,2', { p: [1, 2] }],
    ['reads a simple object', { schema: OBJECT }, 'R,1,G,x', { p: { R: 1, G: 'x' } }],
    [
      'reads an exploded simple object',
      { explode: true, schema: OBJECT },
      'R=1,G=x',
      { p: { R: 1, G: 'x' } },
    ],
    ['reads a label', { style: 'label', schema: { type: 'integer' } }, '.5', { p: 5 }],
    [
      'refuses a label without its dot',
      { style: 'label', schema: { type: 'integer' } },
      '5',
      ['p style'],
    ],
    ['reads a label array', { style: 'label', schema: ARRAY }, '.1,2', { p: [1, 2] }],
    [
      'reads an exploded label array',
      { style: 'label', explode: true, schema: ARRAY },
      '.1.2',
      { p: [1, 2] },
    ],
    [
      'reads an exploded label object',
      { style: 'label', explode: true, schema: OBJECT },
      '.R=1.G=x',
      { p: { R: 1, G: 'x' } },
    ],
    ['reads a matrix', { style: 'matrix', schema: { type: 'integer' } }, ';p=5', { p: 5 }],
    [
      'refuses a matrix of another name',
      { style: 'matrix', schema: { type: 'integer' } },
      ';x=5',
      ['p style'],
    ],
    ['reads a matrix array', { style: 'matrix', schema: ARRAY }, ';p=1,2', { p: [1, 2] }],
    [
      'reads an exploded matrix array',
      { style: 'matrix', explode: true, schema: ARRAY },
      ';p=1;p=2',
      { p: [1, 2] },
    ],
    [
      'reads a matrix object',
      { style: 'matrix', schema: OBJECT },
      ';p=R,1,G,x',
      { p: { R: 1, G: 'x' } },
    ],
    [
      'reads an exploded matrix object',
      { style: 'matrix', explode: true, schema: OBJECT },
      ';R=1;G=x',
      { p: { R: 1, G: 'x' } },
    ],
    ['refuses broken encoding', { schema: { type: 'string' } }, '%zz', ['p style']],
  ]
  for (const [name, parameter, text, expected] of cases) {
    test(name, () => {
      const decode = decoder([{ name: 'p', in: 'path', required: true, ...parameter }], {
        path: '/a/{p}',
      })
      assert.deepEqual(outcome(decode({ path: [text] }), 'path'), expected)
    })
  }

  test('takes values in the order of the template, whatever the order of the declarations', () => {
    const declared = ['b', 'a'].map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }))
    const decode = decoder(declared, { path: '/{a}.{b}' })
    assert.deepEqual(outcome(decode({ path: ['1', '2'] }), 'path'), { b: '2', a: '1' })
  })
})

suite('headers and cookies', () => {
  const cases: [name: string, parameter: object, headers: readonly string[], expected: unknown][] =
    [
      [
        'reads a header in any case',
        { name: 'X-N', in: 'header', schema: { type: 'integer' } },
        ['x-n', '5'],
        { 'x-n': 5 },
      ],
      [
        'refuses a header that comes twice',
        { name: 'X-N', in: 'header', schema: { type: 'integer' } },
        ['X-N', '5', 'x-n', '6'],
        ['X-N duplicate'],
      ],
      [
        'joins a header that is a list',
        { name: 'X-N', in: 'header', schema: ARRAY },
        ['X-N', '5, 6', 'X-N', '7'],
        { 'x-n': [5, 6, 7] },
      ],
      [
        'refuses a missing header',
        { name: 'X-N', in: 'header', required: true, schema: {} },
        [],
        ['X-N required'],
      ],
      ['passes an undeclared header', { name: 'X-N', in: 'header', schema: {} }, ['Y', '1'], {}],
    ]
  for (const [name, parameter, headers, expected] of cases) {
    test(name, () =>
      assert.deepEqual(outcome(decoder([parameter])({ headers }), 'header'), expected),
    )
  }

  const cookies: [name: string, parameter: object, cookie: string, expected: unknown][] = [
    ['reads a cookie among others', { schema: { type: 'integer' } }, 'a=1; c=5', { c: 5 }],
    ['refuses a declared cookie that comes twice', { schema: {} }, 'c=5; c=6', ['c duplicate']],
    ['decodes a cookie', { schema: { type: 'string' } }, 'c=a%20b', { c: 'a b' }],
    [
      'keeps a cookie that does not decode',
      { schema: { type: 'string' } },
      'c=100%',
      { c: '100%' },
    ],
    ['reads a list in a cookie', { schema: ARRAY }, 'c=1,2', { c: [1, 2] }],
  ]
  for (const [name, parameter, cookie, expected] of cookies) {
    test(name, () => {
      const decode = decoder([{ name: 'c', in: 'cookie', ...parameter }])
      assert.deepEqual(outcome(decode({ headers: ['Cookie', cookie] }), 'cookie'), expected)
    })
  }
})

test('names a fault inside a structure by its pointer and holds no value', () => {
  const decode = decoder([{ name: 'q', in: 'query', style: 'deepObject', schema: OBJECT }])
  const result = decode({ query: 'q[secret]=hunter2' })
  assert.ok('faults' in result)
  assert.equal(result.faults[0]?.pointer, '/secret')
  assert.ok(!JSON.stringify(result).includes('hunter2'))
})

test('lists at most 32 faults', () => {
  const query = Array.from({ length: 90 }, (_, index) => `x${index}=1`).join('&')
  const result = decoder([])({ query })
  assert.equal('faults' in result && result.faults.length, 32)
})

test('never throws, whatever the query and the segment are', () => {
  const decode = decoder(
    [
      { name: 'p', in: 'path', required: true, style: 'matrix', explode: true, schema: OBJECT },
      {
        name: 'd',
        in: 'query',
        style: 'deepObject',
        schema: { anyOf: [OBJECT, ARRAY, { type: 'integer' }] },
      },
      {
        name: 'f',
        in: 'query',
        explode: false,
        schema: { anyOf: [OBJECT, ARRAY, { type: 'boolean' }] },
      },
    ],
    { path: '/{p}' },
  )
  const piece = fc.constantFrom(
    'd',
    'f',
    '[',
    ']',
    '=',
    '&',
    ',',
    '1',
    'R',
    '%5B',
    '%2C',
    '%',
    ';',
    '.',
    'p',
    '__proto__',
  )
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, text, (path, query) => {
      fc.pre(!('fault' in canonicalQuery(query)))
      const result = decode({ path: [path], query })
      assert.ok('values' in result || result.faults.length > 0)
    }),
    { numRuns: 2_000 },
  )
})

test('reads back every integer array in every style that can write it', () => {
  const styles: [parameter: object, write: (list: readonly number[]) => string][] = [
    [{ style: 'form', explode: true }, (list) => list.map((one) => `q=${one}`).join('&')],
    [{ style: 'form', explode: false }, (list) => `q=${list.join(',')}`],
    [{ style: 'spaceDelimited', explode: false }, (list) => `q=${list.join('%20')}`],
    [{ style: 'pipeDelimited', explode: false }, (list) => `q=${list.join('%7C')}`],
    [{ style: 'deepObject' }, (list) => list.map((one, index) => `q[${index}]=${one}`).join('&')],
  ]
  for (const [parameter, write] of styles) {
    const decode = decoder([{ name: 'q', in: 'query', ...parameter, schema: ARRAY }])
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 20 }), (list) => {
        const plain = list.map((one) => one + 0)
        assert.deepEqual(outcome(decode({ query: write(plain) }), 'query'), { q: plain })
      }),
    )
  }
})

test('the short way and the full decoder come to the same', () => {
  const parameters = [
    { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
    { name: 'q', in: 'query', required: true, schema: { type: 'string', maxLength: 3 } },
    { name: 'n', in: 'query', schema: { type: 'number' } },
    { name: 'is', in: 'query', schema: { type: 'boolean' } },
    { name: 'X-A', in: 'header', schema: { type: 'integer' } },
  ]
  const more = { path: '/things/{id}' }
  const short = decoder(parameters, more)
  // A cookie that nobody sends: with it the operation has no short way.
  const cookie = { name: 'c', in: 'cookie', schema: { type: 'string' } }
  const full = decoder([...parameters, cookie], more)
  const name = fc.constantFrom('q', 'n', 'is', 'other', '%71', 'Q')
  const value = fc.constantFrom('', 'ab', 'abcd', '1', '1.5', 'true', 'a+b', '%20', '%2B1')
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 20 })
  const ids = fc.array(fc.constantFrom('1', '0', '', '%31', 'x'), { maxLength: 1 })
  const header = fc.array(fc.constantFrom('1', ' 2 ', 'x', ''), { maxLength: 2 })
  let taken = 0
  fc.assert(
    fc.property(ids, pairs, header, (path, query, values) => {
      const sent = {
        path,
        query: query.map(([key, text]) => `${key}=${text}`).join('&'),
        headers: values.flatMap((text) => ['X-A', text]),
      }
      const found = short(sent)
      if ('values' in found) taken += 1
      assert.equal(JSON.stringify(found), JSON.stringify(full(sent)))
    }),
    { numRuns: 2000, examples: [[['7'], [['q', 'ab']], ['1']]] },
  )
  assert.ok(taken > 0, 'some requests were right')
})

test('values inherit nothing and may have any name', () => {
  const decode = decoder([{ name: '__proto__', in: 'query', schema: { type: 'string' } }])
  const result = decode({ query: '' })
  assert.ok('values' in result && result.values.query['constructor'] === undefined)
  assert.equal(result.values.query['toString'], undefined)
})
