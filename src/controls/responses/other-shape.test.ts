import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../testing/bench.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { responses } from './control.ts'

const BOOK = { type: 'object', properties: { title: { type: 'string' } } }
const LIST = { type: 'array', items: BOOK }

function documentOf(schema: object): object {
  const content = { 'application/json': { schema } }
  return {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: {
      '/books': {
        get: { operationId: 'books', responses: { 200: { description: 'ok', content } } },
      },
    },
  }
}

/** What is left of an answer. */
async function left(schema: object, said: unknown): Promise<unknown> {
  const bench = new Bench({ document: documentOf(schema) })
  const guard = bench.guard(responses, 'books')
  const exchange = exchangeOf()
  await guard.response(exchange, 200, ['content-type', 'application/json'])
  await guard.responseBody(exchange, JSON.stringify(said))
  return JSON.parse(exchange.replacement?.toString() ?? JSON.stringify(said))
}

const rows: [name: string, schema: object, said: unknown, expected: unknown][] = [
  ['one object for a list is filtered as an item', LIST, { title: 'a', hash: 'x' }, { title: 'a' }],
  [
    'a list for one object is filtered item by item',
    BOOK,
    [{ title: 'a', hash: 'x' }, { title: 'b' }],
    [{ title: 'a' }, { title: 'b' }],
  ],
  ['what is no object in it is nothing', BOOK, [{ title: 'a' }, 'x'], [{ title: 'a' }, null]],
  ['a list of texts is no list of objects', BOOK, ['x', 'y'], null],
  ['a list of lists is none either', BOOK, [[{ title: 'a' }]], null],
  [
    'an object for a list of texts is nothing',
    { type: 'array', items: { type: 'string' } },
    {},
    null,
  ],
  ['an object for a text is nothing', { type: 'string' }, { title: 'a' }, null],
]

suite('an answer of another shape than declared', () => {
  for (const [name, schema, said, expected] of rows)
    test(name, async () => assert.deepEqual(await left(schema, said), expected))
})
