import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compileJsonPath, JsonPathError } from './json-path.ts'

const DOCUMENT = {
  info: { title: 'T', 'x-y': 1 },
  paths: {
    '/a': {
      get: {
        tags: ['x'],
        parameters: [
          { name: 'p', in: 'query' },
          { name: 'h', in: 'header' },
        ],
      },
    },
    '/b': { get: { deprecated: true }, put: { tags: ['y'] } },
  },
}

const cases: [path: string, expected: readonly unknown[] | 'error'][] = [
  ['$', [DOCUMENT]],
  ['$.info.title', ['T']],
  ['$.info.x-y', [1]],
  ["$['info']['title']", ['T']],
  ['$["paths"]["/b"].get', [{ deprecated: true }]],
  ["$.paths['/a'].get.parameters[0].name", ['p']],
  ["$.paths['/a'].get.parameters[-1].name", ['h']],
  ["$.paths['/a'].get.parameters[9]", []],
  ['$.paths.*.get.deprecated', [true]],
  ["$.paths['/a'].get.parameters[*].in", ['query', 'header']],
  ['$..name', ['p', 'h']],
  ['$..tags[0]', ['x', 'y']],
  ["$.paths[*]['get','put'].deprecated", [true]],
  ["$..parameters[?(@.in == 'header')].name", ['h']],
  ['$..parameters[?@.in=="query"].name', ['p']],
  ["$..parameters[?@.in != 'query' && @.name == 'h'].name", ['h']],
  ["$..parameters[?@.in == 'x' || @.name == 'h'].name", ['h']],
  ['$.paths[*][?@.deprecated].deprecated', [true]],
  ['$.paths[*][?!@.deprecated].tags[0]', ['x', 'y']],
  ['$.paths[*][?@.deprecated == true].deprecated', [true]],
  ["$.paths[*][?@.tags[0] == 'y'].tags", [['y']]],
  ['$.nope.name', []],
  ['$.__proto__', []],
  ['$.constructor', []],
  ['', 'error'],
  ['info', 'error'],
  ['$.', 'error'],
  ['$.a[', 'error'],
  ['$.a[0:1]', 'error'],
  ['$.a[?length(@.b) > 1]', 'error'],
  ['$.a[?@..b]', 'error'],
  ["$.a['b]", 'error'],
  ['$.a b', 'error'],
  [`$[?${'('.repeat(100)}@.a${')'.repeat(100)}]`, 'error'],
]

for (const [path, expected] of cases) {
  test(`selects what ${path.slice(0, 60)} names`, () => {
    if (expected === 'error') assert.throws(() => compileJsonPath(path), JsonPathError)
    else
      assert.deepEqual(
        compileJsonPath(path)(DOCUMENT).map((place) => place.value),
        expected,
      )
  })
}

test('selects a place once even where several branches lead to it', () => {
  assert.equal(compileJsonPath("$..['get','get']")(DOCUMENT).length, 2)
})

test('ends with places or an error of its own, whatever the text', () => {
  const piece = fc.constantFrom(
    '$',
    '.',
    '..',
    '*',
    '[',
    ']',
    '?',
    '(',
    ')',
    '@',
    "'",
    '"',
    'get',
    '==',
    '&&',
    '!',
    '0',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      try {
        compileJsonPath(`$${pieces.join('')}`)(DOCUMENT)
      } catch (error) {
        assert.ok(error instanceof JsonPathError)
      }
    }),
    { numRuns: 3_000 },
  )
})
